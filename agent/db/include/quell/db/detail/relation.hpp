#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <quell/db/expression.hpp>
#include <quell/db/model.hpp>

/// What a declared relation looks like in SQL, without the types of its two ends.
namespace quell::db::detail {

/// parent_columns equal child_columns, one by one; with a link table parent_columns equal link_parent_columns and
/// link_child_columns equal child_columns.
struct RelationShape {
  RelationShape() = default;
  std::string_view name;
  std::string_view parent_table, child_table;
  std::vector<std::string_view> parent_columns, child_columns;
  std::string_view link_table;  ///< empty: none
  std::vector<std::string_view> link_parent_columns, link_child_columns;
};

template <class P, class C>
RelationShape ends_of(std::string_view name) {
  RelationShape shape;
  shape.name = name;
  shape.parent_table = Model<P>::kTable;
  shape.child_table = Model<C>::kTable;
  return shape;
}

template <class P, class C, class F>
RelationShape shape_of(const ManyToOne<P, C, F>& relation) {
  static_assert(std::tuple_size_v<decltype(as_tuple(relation.foreign_key))> ==
                    std::tuple_size_v<decltype(as_tuple(Model<C>::kKey))>,
                "a foreign key has as many columns as the key it refers to");
  RelationShape shape = ends_of<P, C>(relation.name);
  shape.parent_columns = columns_of(relation.foreign_key);
  shape.child_columns = key_columns<C>();
  return shape;
}
template <class P, class C, class F>
RelationShape shape_of(const OneToMany<P, C, F>& relation) {
  static_assert(std::tuple_size_v<decltype(as_tuple(relation.foreign_key))> ==
                    std::tuple_size_v<decltype(as_tuple(Model<P>::kKey))>,
                "a foreign key has as many columns as the key it refers to");
  RelationShape shape = ends_of<P, C>(relation.name);
  shape.parent_columns = key_columns<P>();
  shape.child_columns = columns_of(relation.foreign_key);
  return shape;
}
template <class P, class C, std::size_t PN, std::size_t CN>
RelationShape shape_of(const ManyToMany<P, C, PN, CN>& relation) {
  static_assert(PN == std::tuple_size_v<decltype(as_tuple(Model<P>::kKey))> &&
                    CN == std::tuple_size_v<decltype(as_tuple(Model<C>::kKey))>,
                "a join table has a column for each column of both keys");
  RelationShape shape = ends_of<P, C>(relation.name);
  shape.parent_columns = key_columns<P>();
  shape.child_columns = key_columns<C>();
  shape.link_table = relation.join_table;
  shape.link_parent_columns.assign(relation.parent_columns.begin(), relation.parent_columns.end());
  shape.link_child_columns.assign(relation.child_columns.begin(), relation.child_columns.end());
  return shape;
}

/// " left join … on …"
[[nodiscard]] std::string join_text(const RelationShape& relation, std::string_view parent, std::string_view child,
                                    std::string_view link);
/// exists (select 1 from children where they belong to the row and meet `condition`); empty: any.
[[nodiscard]] Fragment exists_text(const RelationShape& relation, const Fragment& condition);

}  // namespace quell::db::detail
