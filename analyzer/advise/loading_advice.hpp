#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "analyzer/sql/statement_facts.hpp"

namespace quell::advise {

/// A relation in the terms of quell::db, guessed from the names of a value edge.
struct Relation {
  enum class Kind : unsigned char { many_to_one, one_to_many, many_to_many };
  Kind kind = Kind::many_to_one;
  std::string parent_class;  ///< "Post"
  std::string member;        ///< "author"
};

/// posts.author_id → users.id: many_to_one Post::author. posts.id → comments.post_id: one_to_many Post::comments.
/// posts.id → post_tags.post_id in a statement that joins tags: many_to_many Post::tags. Nothing where the names do not
/// say. `child` tells the joined tables.
[[nodiscard]] std::optional<Relation> relation_of(const detect::ValueEdge& edge, const sql::StatementFacts& child);

/// "select<Post>().with(selectin(&Post::author))".
[[nodiscard]] std::string eager_load_call(const Relation& relation);

/// The database layer a trace was recorded in: decides in whose terms eager loading is advised.
enum class Layer : unsigned char {
  quell_db,  ///< ours: the advice is the call to write
  unknown,   ///< another one, seen from outside: the advice names the relation only
};

/// What to do about one finding. `child` is its repeated (or slow) statement, `child_types` the SQL types of its
/// parameters. Most useful first. Pure.
[[nodiscard]] std::vector<detect::Advice> loading_advice(const detect::Finding& finding,
                                                         const sql::StatementFacts& child,
                                                         const std::vector<std::string>& child_types, Layer layer);

}  // namespace quell::advise
