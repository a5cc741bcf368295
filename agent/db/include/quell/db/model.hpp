#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <quell/db/codec.hpp>
#include <quell/db/error.hpp>

/// Mapping tables to structs. Columns are the members named in BOOST_DESCRIBE_STRUCT; table, key and relations are
/// declared once, in a specialisation of Model:
///
///     struct Post {
///       std::int64_t id = 0;
///       std::int64_t author_id = 0;
///       std::string title;
///       One<User> author;
///       Many<Comment> comments;
///       Many<Tag> tags;
///     };
///     BOOST_DESCRIBE_STRUCT(Post, (), (id, author_id, title))
///
///     template <>
///     struct quell::db::Model<Post> {
///       static constexpr std::string_view kTable = "posts";
///       static constexpr auto kKey = &Post::id;
///       static constexpr auto kRelations =
///           std::tuple(many_to_one("author", &Post::author, &Post::author_id),
///                      one_to_many("comments", &Post::comments, &Comment::post_id),
///                      many_to_many("tags", &Post::tags, "post_tags", "post_id", "tag_id"));
///     };
namespace quell::db {

template <class T>
struct Model;

namespace detail {
struct RelationAccess;

/// What a relation holder knows about itself: enough for an error that names it.
class RelationHolder {
 public:
  /// True after a lazy, selectin or joined load.
  [[nodiscard]] bool is_loaded() const { return state_ == State::loaded; }

 protected:
  void require_loaded() const {
    if (state_ != State::loaded) throw_unloaded();
  }

 private:
  friend struct RelationAccess;
  enum class State : unsigned char { unloaded, loaded, forbidden };
  [[noreturn]] void throw_unloaded() const;

  const std::string_view* table_ = nullptr;
  const std::string_view* name_ = nullptr;
  State state_ = State::unloaded;
};
}  // namespace detail

/// The other end of a many-to-one relation. Its object is owned by the session that loaded it. Reading it before it is
/// loaded throws UsageError naming table and relation.
template <class T>
class One : public detail::RelationHolder {
 public:
  /// Null where the row refers to none.
  [[nodiscard]] T* get() const {
    require_loaded();
    return object_;
  }
  /// There must be one (assertion); ask `has_value()` where the column may be NULL.
  T* operator->() const { return get(); }
  T& operator*() const { return *get(); }
  [[nodiscard]] bool has_value() const { return get() != nullptr; }

 private:
  friend struct detail::RelationAccess;
  T* object_ = nullptr;
};

/// A sequence of objects owned elsewhere; iterates over T&.
template <class T>
class ObjectRange {
 public:
  class Iterator {
   public:
    using value_type = T;
    using reference = T&;
    using pointer = T*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    Iterator() = default;
    explicit Iterator(T* const* at) : at_(at) {}
    T& operator*() const { return **at_; }
    T* operator->() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    T* const* at_ = nullptr;
  };

  [[nodiscard]] Iterator begin() const { return Iterator(objects_.data()); }
  [[nodiscard]] Iterator end() const { return Iterator(objects_.data() + objects_.size()); }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }
  [[nodiscard]] bool empty() const { return objects_.empty(); }
  [[nodiscard]] T& operator[](std::size_t index) const { return *objects_[index]; }

 protected:
  friend struct detail::RelationAccess;
  std::vector<T*> objects_;
};

/// The other end of a one-to-many or many-to-many relation, ordered by the children's key. Reading it before it is
/// loaded throws UsageError naming table and relation.
template <class T>
class Many : public detail::RelationHolder {
 public:
  [[nodiscard]] auto begin() const { return loaded().begin(); }
  [[nodiscard]] auto end() const { return loaded().end(); }
  [[nodiscard]] std::size_t size() const { return loaded().size(); }
  [[nodiscard]] bool empty() const { return loaded().empty(); }
  [[nodiscard]] T& operator[](std::size_t index) const { return loaded()[index]; }

 private:
  friend struct detail::RelationAccess;
  const ObjectRange<T>& loaded() const {
    require_loaded();
    return objects_;
  }
  ObjectRange<T> objects_;
};

template <class Parent, class Child, class Key>
struct ManyToOne {
  using ParentType = Parent;
  using ChildType = Child;
  std::string_view name;
  One<Child> Parent::*member;
  Key Parent::*foreign_key;  ///< refers to the child's key; std::optional where it may be NULL
};

template <class Parent, class Child, class Key>
struct OneToMany {
  using ParentType = Parent;
  using ChildType = Child;
  std::string_view name;
  Many<Child> Parent::*member;
  Key Child::*foreign_key;  ///< refers to the parent's key
};

template <class Parent, class Child>
struct ManyToMany {
  using ParentType = Parent;
  using ChildType = Child;
  std::string_view name;
  Many<Child> Parent::*member;
  std::string_view join_table;
  std::string_view parent_column;  ///< of the join table
  std::string_view child_column;   ///< of the join table
};

template <class Parent, class Child, class Key>
constexpr ManyToOne<Parent, Child, Key> many_to_one(std::string_view name, One<Child> Parent::*member,
                                                    Key Parent::*foreign_key) {
  return {name, member, foreign_key};
}
template <class Parent, class Child, class Key>
constexpr OneToMany<Parent, Child, Key> one_to_many(std::string_view name, Many<Child> Parent::*member,
                                                    Key Child::*foreign_key) {
  return {name, member, foreign_key};
}
template <class Parent, class Child>
constexpr ManyToMany<Parent, Child> many_to_many(std::string_view name, Many<Child> Parent::*member,
                                                 std::string_view join_table, std::string_view parent_column,
                                                 std::string_view child_column) {
  return {name, member, join_table, parent_column, child_column};
}

/// The server's type of a column whose C++ type does not tell it: text that is an enum there, say.
template <class T, class Member>
struct ColumnType {
  Member T::*member;
  std::string_view type;
};
template <class T, class Member>
constexpr ColumnType<T, Member> column_type(Member T::*member, std::string_view type) {
  return {member, type};
}

template <class T>
concept Mapped = requires {
  { Model<T>::kTable } -> std::convertible_to<std::string_view>;
  Model<T>::kKey;
};

namespace detail {

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class Class, class Member>
Member member_type(Member Class::*);
template <class T>
using KeyOf = decltype(member_type(Model<T>::kKey));

/// The column a member is mapped to.
template <class T, class Member>
std::string_view column_name(Member T::*member) {
  std::string_view name;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(described.pointer)>, Member T::*>) {
      if (described.pointer == member) name = described.name;
    }
  });
  if (name.empty())
    throw UsageError("a member of the model of '" + std::string(Model<T>::kTable) +
                     "' is used as a column but not named in its BOOST_DESCRIBE_STRUCT");
  return name;
}

/// Calls `visit` with the declared relation whose holder is `member`.
template <class Parent, class Holder, class Visit>
void with_relation(Holder Parent::*member, Visit&& visit) {
  bool found = false;
  std::apply(
      [&](const auto&... relation) {
        (
            [&] {
              if constexpr (std::is_same_v<std::remove_cv_t<decltype(relation.member)>, Holder Parent::*>) {
                if (relation.member == member) {
                  found = true;
                  visit(relation);
                }
              }
            }(),
            ...);
      },
      Model<Parent>::kRelations);
  if (!found)
    throw UsageError("a relation of '" + std::string(Model<Parent>::kTable) + "' is not declared in its Model");
}

}  // namespace detail
}  // namespace quell::db
