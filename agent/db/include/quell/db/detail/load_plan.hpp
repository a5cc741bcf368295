#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <quell/db/connection.hpp>
#include <quell/db/detail/arena.hpp>
#include <quell/db/detail/statement_text.hpp>

/// The loading of relations without I/O: which statements a level of objects needs, and what their answers do.
///
/// A level is everything that can be asked at once. Its statements go to the server together, in one round trip; then
/// every task takes its answers, and then every task says what the next level is.
namespace quell::db::detail {

class LoadTask;
using LoadLevel = std::vector<std::unique_ptr<LoadTask>>;

/// One relation of one set of parents.
class LoadTask {
 public:
  LoadTask() = default;
  LoadTask(const LoadTask&) = delete;
  LoadTask& operator=(const LoadTask&) = delete;
  virtual ~LoadTask() = default;

  [[nodiscard]] std::vector<BoundStatement>& statements() { return statements_; }
  /// Needs nothing of the server, neither by itself nor through another task of its level.
  [[nodiscard]] bool is_ready() const { return statements_.empty() && !waits_; }
  /// One call for each statement, in order.
  virtual void absorb(const Result& result) = 0;
  /// After every task of the level has absorbed: the parents' relations are loaded now. Adds what has to be loaded for
  /// their objects.
  virtual void finish(LoadLevel& next) = 0;

 protected:
  std::vector<BoundStatement> statements_;
  bool waits_ = false;  ///< for objects that another task asks for
};

/// Finishes tasks that are ready, and those they lead to, so that all of the level has something to ask.
void settle(LoadLevel& level);
/// Runs levels until there are none.
[[nodiscard]] Awaitable<void> run_levels(Connection& connection, LoadLevel level, CallSite site);

/// What all tasks of one load share.
class LoadContext {
 public:
  LoadContext(Arena& objects, const CallSite& site, bool is_strict)
      : arena(&objects), origin(&objects.keep(site)), strict(is_strict) {}
  Arena* arena;
  const CallSite* origin;
  bool strict;
};

/// Tells what one joined query attached from what was loaded before it, and drops the repeats of a product of joins.
class JoinState {
 public:
  enum class Verdict { attach, skip };
  template <class Holder, class Child>
  Verdict judge(const void* step, const Holder& holder, Child* child) {
    const bool mine = !holder.is_loaded() || started_.contains(Seen{step, &holder, nullptr});
    if (!mine) return Verdict::skip;
    started_.insert(Seen{step, &holder, nullptr});
    return attached_.insert(Seen{step, &holder, child}).second ? Verdict::attach : Verdict::skip;
  }

 private:
  struct Seen {
    const void* step;
    const void* holder;
    const void* child;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  struct Hash {
    std::size_t operator()(const Seen& seen) const {
      const std::hash<const void*> hash;
      return hash(seen.step) ^ (hash(seen.holder) * 31) ^ (hash(seen.child) * 1009);
    }
  };
  std::unordered_set<Seen, Hash> started_;
  std::unordered_set<Seen, Hash> attached_;
};

/// One relation that a query asks for, with those nested in it.
template <class Parent>
class LoadStep {
 public:
  virtual ~LoadStep() = default;
  [[nodiscard]] virtual Strategy strategy() const = 0;
  /// Adds this relation's columns and joins, then those of its nested joined relations.
  virtual void join(JoinText& text, std::string_view parent_alias) const = 0;
  /// Reads this relation's columns of one row, in the order `join` wrote them. `parent` is null in a row without one.
  virtual void attach(const LoadContext& context, const Result& result, std::uint64_t row, std::size_t& column,
                      Parent* parent, JoinState& state) const = 0;
  /// Adds what is needed for `parents`, for this relation and those nested in it, to the level. The step must outlive
  /// the level and those after it.
  virtual void plan(const LoadContext& context, const std::vector<Parent*>& parents, LoadLevel& level) const = 0;
};
template <class Parent>
using LoadSteps = std::vector<std::shared_ptr<const LoadStep<Parent>>>;

template <class T>
void append_columns(std::string& out, std::string_view alias, const ColumnSet& set) {
  append_columns(out, alias, column_names<T>().data(), kColumnCount<T>, set);
}

template <class Parent>
void join_all(const LoadSteps<Parent>& steps, JoinText& text, std::string_view alias) {
  for (const auto& step : steps)
    if (step->strategy() == Strategy::joined) step->join(text, alias);
}
template <class Parent>
void attach_all(const LoadSteps<Parent>& steps, const LoadContext& context, const Result& result, std::uint64_t row,
                std::size_t& column, Parent* parent, JoinState& state) {
  for (const auto& step : steps)
    if (step->strategy() == Strategy::joined) step->attach(context, result, row, column, parent, state);
}
template <class Parent>
void plan_all(const LoadSteps<Parent>& steps, const LoadContext& context, const std::vector<Parent*>& parents,
              LoadLevel& level) {
  if (context.strict) {
    for (Parent* parent : parents)
      for_each_relation<Parent>([&](const auto& relation) { RelationAccess::forbid(parent->*relation.member); });
  }
  for (const auto& step : steps) step->plan(context, parents, level);
}

template <class Relation>
class RelationTask;

template <class Relation>
class RelationStep final : public LoadStep<typename Relation::ParentType> {
 public:
  using Parent = typename Relation::ParentType;
  using Child = typename Relation::ChildType;
  using Nested = LoadSteps<Child>;
  static constexpr bool kCollection =
      std::is_same_v<std::remove_cvref_t<decltype(std::declval<Parent&>().*std::declval<Relation>().member)>,
                     Many<Child>>;

  RelationStep(const Relation& relation, LoadOptions options, Nested nested)
      : relation_(relation), options_(std::move(options)), nested_(std::move(nested)) {}

  [[nodiscard]] Strategy strategy() const override { return options_.strategy; }

  void join(JoinText& text, std::string_view parent_alias) const override {
    const std::string alias = text.next_alias();
    const RelationShape shape = shape_of(relation_);
    append_columns<Child>(text.columns, alias, options_.columns);
    text.joins << join_text(shape, parent_alias, alias, "j" + alias.substr(1));
    if (!options_.condition.empty()) text.joins << " and " << with_alias(options_.condition, alias);
    if (kCollection) {
      text.has_collection = true;
      if (!options_.order.empty()) append_term(text.order, with_alias(options_.order, alias));
      for (const auto column : key_columns<Child>()) append_term(text.order, Fragment(qualified(alias, column)));
    }
    join_all(nested_, text, alias);
  }

  void attach(const LoadContext& context, const Result& result, std::uint64_t row, std::size_t& column, Parent* parent,
              JoinState& state) const override {
    const RowShape<Child> shape(column, options_.columns);
    column = shape.end();
    Child* child = context.arena->template materialise<Child>(result, row, shape, *context.origin);
    if (parent != nullptr) {
      auto& holder = parent->*relation_.member;
      if (state.judge(this, holder, child) == JoinState::Verdict::attach) {
        if (child != nullptr || !kCollection) {
          RelationAccess::add(holder, child);
        } else {
          RelationAccess::mark_loaded(holder);
        }
      }
    }
    attach_all(nested_, context, result, row, column, child, state);
  }

  void plan(const LoadContext& context, const std::vector<Parent*>& parents, LoadLevel& level) const override {
    switch (options_.strategy) {
      case Strategy::lazy:
        for (Parent* parent : parents) RelationAccess::permit(parent->*relation_.member);
        return;
      case Strategy::raise:
        for (Parent* parent : parents) RelationAccess::forbid(parent->*relation_.member);
        return;
      case Strategy::noload:
        for (Parent* parent : parents) RelationAccess::leave_empty(parent->*relation_.member);
        return;
      case Strategy::selectin:
      case Strategy::joined:
        level.push_back(std::make_unique<RelationTask<Relation>>(context, *this, parents, options_.depth));
        return;
    }
  }

  [[nodiscard]] const Relation& relation() const { return relation_; }
  [[nodiscard]] const LoadOptions& options() const { return options_; }
  [[nodiscard]] const Nested& nested() const { return nested_; }

 private:
  Relation relation_;
  LoadOptions options_;
  Nested nested_;
};

/// 0, 1, …: the columns that a link table's key takes.
template <std::size_t N>
inline constexpr auto kLeading = [] {
  std::array<std::size_t, N> columns{};
  for (std::size_t i = 0; i < N; ++i) columns[i] = i;
  return columns;
}();

template <class Relation>
class RelationTask final : public LoadTask {
 public:
  using Step = RelationStep<Relation>;
  using Parent = typename Relation::ParentType;
  using Child = typename Relation::ChildType;

  /// Parents whose relation is loaded already are asked for nothing, but their objects take part in what is nested.
  RelationTask(const LoadContext& context, const Step& step, const std::vector<Parent*>& parents, int depth)
      : context_(context), step_(step), parents_(parents), depth_(depth) {
    for (Parent* parent : parents)
      if (!(parent->*relation().member).is_loaded()) pending_.push_back(parent);
    if (!pending_.empty()) ask();
  }
  ~RelationTask() override {
    for (const auto& key : asked_) context_.arena->template answered<Child>(key);
  }

  void absorb(const Result& result) override {
    RowShape<Child> shape(link_width(), step_.options().columns);
    for (std::uint64_t row = 0; row < result.size(); ++row) {
      Child* child = context_.arena->template materialise<Child>(result, row, shape, *context_.origin);
      if (child == nullptr) continue;
      if constexpr (Step::kCollection) {
        give(result, row, child);
      } else if (is_filtered()) {
        matched_.insert(child);
      }
      std::size_t column = shape.end();
      attach_all(step_.nested(), context_, result, row, column, child, joins_);
    }
  }

  void finish(LoadLevel& next) override {
    for (Parent* parent : pending_) settle_holder(*parent);
    const std::vector<Child*> children = loaded_children();
    if (children.empty()) return;
    plan_all(step_.nested(), context_, children, next);
    if constexpr (std::is_same_v<Parent, Child>) {
      if (depth_ > 1) next.push_back(std::make_unique<RelationTask>(context_, step_, children, depth_ - 1));
    }
  }

 private:
  /// What a parent is asked for by: the key the relation refers to, or its own.
  using Key = std::conditional_t<Step::kCollection, KeyOf<Parent>, KeyOf<Child>>;

  [[nodiscard]] const Relation& relation() const { return step_.relation(); }
  [[nodiscard]] bool is_filtered() const { return !step_.options().condition.empty(); }

  static std::size_t link_width() {
    if constexpr (requires(Relation r) { r.parent_columns; })
      return std::tuple_size_v<decltype(Relation::parent_columns)>;
    return 0;
  }

  void ask() {
    std::vector<Key> keys;
    std::unordered_set<Key, KeyHash> wanted;
    keys.reserve(pending_.size());
    for (Parent* parent : pending_) {
      if constexpr (Step::kCollection) {
        keys.push_back(detail::key_of(*parent));
        owners_.emplace(keys.back(), parent);
      } else {
        const auto key = key_in<Key>(*parent, relation().foreign_key);
        if (!key) continue;
        if (is_filtered()) {
          if (wanted.insert(*key).second) keys.push_back(*key);
        } else if (context_.arena->template find<Child>(*key) == nullptr) {
          if (context_.arena->template ask<Child>(*key)) {
            asked_.push_back(*key);
            keys.push_back(*key);
          } else {
            waits_ = true;
          }
        }
      }
    }
    if (keys.empty()) return;
    const KeyedSelect select = keyed_select();
    repeats_ = select.joined.has_collection;
    const std::size_t chunk = step_.options().chunk == 0 ? keys.size() : step_.options().chunk;
    for (std::size_t from = 0; from < keys.size(); from += chunk) {
      const std::vector<Key> part(keys.begin() + static_cast<std::ptrdiff_t>(from),
                                  keys.begin() + static_cast<std::ptrdiff_t>(std::min(from + chunk, keys.size())));
      statements_.push_back(assemble(select, select.single ? key_values(part.front()) : key_arrays(part)));
    }
  }

  [[nodiscard]] KeyedSelect keyed_select() const {
    const LoadOptions& options = step_.options();
    KeyedSelect select;
    select.relation = shape_of(relation());
    select.child_key = key_columns<Child>();
    select.single = options.strategy == Strategy::lazy;
    select.collection = Step::kCollection;
    append_columns<Child>(select.columns, "t0", options.columns);
    select.condition = options.condition;
    select.order = options.order;
    join_all(step_.nested(), select.joined, "t0");
    select.name = std::string(select.relation.parent_table) + "." + std::string(select.relation.name) +
                  (select.single ? " lazy" : " selectin");
    return select;
  }

  void give(const Result& result, std::uint64_t row, Child* child) {
    std::optional<Key> key;
    if constexpr (requires(Relation r) { r.foreign_key; }) {
      key = key_in<Key>(*child, relation().foreign_key);
    } else {
      key = read_key<Key>(result, row, kLeading<std::tuple_size_v<decltype(Relation::parent_columns)>>);
    }
    if (!key) return;
    const auto owner = owners_.find(*key);
    if (owner == owners_.end()) return;
    auto& holder = owner->second->*relation().member;
    if (!repeats_ || given_.insert({&holder, child}).second) RelationAccess::add(holder, child);
  }

  void settle_holder(Parent& parent) {
    if constexpr (Step::kCollection) {
      RelationAccess::mark_loaded(parent.*relation().member);
    } else {
      const auto key = key_in<Key>(parent, relation().foreign_key);
      Child* child = key ? context_.arena->template find<Child>(*key) : nullptr;
      if (is_filtered() && !matched_.contains(child)) child = nullptr;
      RelationAccess::set(parent.*relation().member, child);
    }
  }

  [[nodiscard]] std::vector<Child*> loaded_children() const {
    std::vector<Child*> children;
    std::unordered_set<Child*> seen;
    const auto take = [&](Child* child) {
      if (child != nullptr && seen.insert(child).second) children.push_back(child);
    };
    for (const Parent* parent : parents_) {
      const auto& holder = parent->*relation().member;
      if constexpr (Step::kCollection) {
        for (Child* child : RelationAccess::objects(holder)) take(child);
      } else {
        take(RelationAccess::object(holder));
      }
    }
    return children;
  }

  struct PairHash {
    std::size_t operator()(const std::pair<const void*, const void*>& pair) const {
      const std::hash<const void*> hash;
      return hash(pair.first) * 31 ^ hash(pair.second);
    }
  };

  LoadContext context_;
  const Step& step_;
  std::vector<Parent*> parents_;
  int depth_;
  std::vector<Parent*> pending_;
  std::vector<KeyOf<Child>> asked_;           ///< of the arena's objects on their way, many-to-one only
  std::unordered_set<const Child*> matched_;  ///< many-to-one with a condition only
  std::unordered_map<Key, Parent*, KeyHash> owners_;
  bool repeats_ = false;  ///< a joined collection repeats the rows of the objects
  std::unordered_set<std::pair<const void*, const void*>, PairHash> given_;
  JoinState joins_;
};

}  // namespace quell::db::detail
