#pragma once

#include <array>
#include <concepts>
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
#include <quell/db/statement.hpp>

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
///       static constexpr auto kGenerated = std::tuple(&Post::id);  // optional, see write.hpp
///     };
///
/// A key of several columns is a tuple, and so is a foreign key that refers to one:
///
///       static constexpr auto kKey = std::tuple(&Line::order_id, &Line::number);
namespace quell::db {

template <class T>
struct Model;

namespace detail {
struct RelationAccess;
struct DeferrableAccess;

/// What a relation holder knows about itself: enough for an error that names it.
class RelationHolder {
 public:
  /// True after a lazy, selectin or joined load.
  [[nodiscard]] bool is_loaded() const { return state_ == State::loaded; }

 protected:
  void require_readable() const {
    if (state_ != State::loaded && state_ != State::empty) throw_unloaded();
  }

 private:
  friend struct RelationAccess;
  /// `empty` is what noload leaves: reads as nothing, may still be loaded.
  enum class State : unsigned char { unloaded, loaded, forbidden, empty };
  [[noreturn]] void throw_unloaded() const;

  const std::string_view* table_ = nullptr;
  const std::string_view* name_ = nullptr;
  const CallSite* origin_ = nullptr;  ///< the query that made the object
  State state_ = State::unloaded;
};
}  // namespace detail

/// A column that a query may leave out (Select::load_only, Select::defer), such as a long text. Reading it then throws
/// UsageError naming table and column, instead of showing an empty value.
template <class V>
class Deferrable {
 public:
  using Value = V;
  Deferrable() = default;
  template <class U>
  requires(std::is_convertible_v<U&&, V> && !std::is_same_v<std::remove_cvref_t<U>, Deferrable>)
      Deferrable(U&& value)  // NOLINT: implicit by intent, as a plain member would be
      : value_(std::forward<U>(value)), is_loaded_(true) {}

  [[nodiscard]] bool is_loaded() const { return is_loaded_; }
  [[nodiscard]] const V& get() const {
    if (!is_loaded_) throw_not_loaded();
    return value_;
  }
  const V& operator*() const { return get(); }
  const V* operator->() const { return &get(); }

 private:
  friend struct detail::DeferrableAccess;
  [[noreturn]] void throw_not_loaded() const;
  V value_{};
  bool is_loaded_ = false;
  const std::string_view* table_ = nullptr;
  const char* column_ = nullptr;
};

/// A Deferrable reads a column as its value does.
template <class V>
struct Nullable<Deferrable<V>> {
  using Value = typename Nullable<V>::Value;
  static constexpr bool kIs = Nullable<V>::kIs;
};

/// The other end of a many-to-one relation. Its object is owned by the session that loaded it. Reading it before it is
/// loaded throws UsageError naming table and relation.
template <class T>
class One : public detail::RelationHolder {
 public:
  /// Null where the row refers to none.
  [[nodiscard]] T* get() const {
    require_readable();
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

/// The other end of a one-to-many or many-to-many relation, ordered by the children's key unless the load says
/// otherwise. Reading it before it is loaded throws UsageError naming table and relation.
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
    require_readable();
    return objects_;
  }
  ObjectRange<T> objects_;
};

/// `ForeignKey` is a member pointer, or a std::tuple of them in the order of the key it refers to. Members that are
/// std::optional may be NULL; a NULL refers to nothing.
template <class Parent, class Child, class ForeignKey>
struct ManyToOne {
  using ParentType = Parent;
  using ChildType = Child;
  std::string_view name;
  One<Child> Parent::*member;
  ForeignKey foreign_key;  ///< of the parent; refers to the child's key
};

template <class Parent, class Child, class ForeignKey>
struct OneToMany {
  using ParentType = Parent;
  using ChildType = Child;
  std::string_view name;
  Many<Child> Parent::*member;
  ForeignKey foreign_key;  ///< of the child; refers to the parent's key
};

template <class Parent, class Child, std::size_t ParentColumns, std::size_t ChildColumns>
struct ManyToMany {
  using ParentType = Parent;
  using ChildType = Child;
  std::string_view name;
  Many<Child> Parent::*member;
  std::string_view join_table;
  std::array<std::string_view, ParentColumns> parent_columns;  ///< of the join table
  std::array<std::string_view, ChildColumns> child_columns;    ///< of the join table
};

template <class Parent, class Child, class ForeignKey>
constexpr ManyToOne<Parent, Child, ForeignKey> many_to_one(std::string_view name, One<Child> Parent::*member,
                                                           ForeignKey foreign_key) {
  return {name, member, foreign_key};
}
template <class Parent, class Child, class ForeignKey>
constexpr OneToMany<Parent, Child, ForeignKey> one_to_many(std::string_view name, Many<Child> Parent::*member,
                                                           ForeignKey foreign_key) {
  return {name, member, foreign_key};
}
template <class Parent, class Child>
constexpr ManyToMany<Parent, Child, 1, 1> many_to_many(std::string_view name, Many<Child> Parent::*member,
                                                       std::string_view join_table, std::string_view parent_column,
                                                       std::string_view child_column) {
  return {name, member, join_table, {parent_column}, {child_column}};
}
/// Where a key has several columns: std::array<std::string_view, 2>{"order_id", "line"}.
template <class Parent, class Child, std::size_t ParentColumns, std::size_t ChildColumns>
constexpr ManyToMany<Parent, Child, ParentColumns, ChildColumns> many_to_many(
    std::string_view name, Many<Child> Parent::*member, std::string_view join_table,
    std::array<std::string_view, ParentColumns> parent_columns,
    std::array<std::string_view, ChildColumns> child_columns) {
  return {name, member, join_table, parent_columns, child_columns};
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
template <class T>
inline constexpr std::size_t kColumnCount = boost::mp11::mp_size<MembersOf<T>>::value;

template <class Class, class Member>
Member member_type(Member Class::*);

/// What a column holds, without std::optional and Deferrable: the type that values are bound as.
template <class Member>
using BoundValue = typename Nullable<Member>::Value;

/// The columns of a key, whether it is declared as one member or as a tuple of them.
template <class Member, class Class>
constexpr std::tuple<Member Class::*> as_tuple(Member Class::*member) {
  return {member};
}
template <class... Members>
constexpr std::tuple<Members...> as_tuple(std::tuple<Members...> members) {
  return members;
}

template <class Declared>
struct KeyType;
template <class Class, class Member>
struct KeyType<Member Class::*> {
  using Type = Member;
};
template <class... Members>
struct KeyType<std::tuple<Members...>> {
  using Type = std::tuple<typename KeyType<Members>::Type...>;
};
/// The key's value: the member's type, or a tuple of them.
template <class T>
using KeyOf = typename KeyType<std::remove_cv_t<decltype(Model<T>::kKey)>>::Type;

[[noreturn]] void throw_not_described(std::string_view table);
[[noreturn]] void throw_not_declared(std::string_view table);

/// The position of a member among the mapped columns.
template <class T, class Member>
std::size_t column_position(Member T::*member) {
  std::size_t position = kColumnCount<T>;
  std::size_t next = 0;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(described.pointer)>, Member T::*>) {
      if (described.pointer == member) position = next;
    }
    ++next;
  });
  if (position == kColumnCount<T>) throw_not_described(Model<T>::kTable);
  return position;
}

/// The names of the mapped columns, in declared order.
template <class T>
const std::array<std::string_view, kColumnCount<T>>& column_names() {
  static const auto kNames = [] {
    std::array<std::string_view, kColumnCount<T>> names;
    std::size_t next = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) { names[next++] = described.name; });
    return names;
  }();
  return kNames;
}

/// The column a member is mapped to.
template <class T, class Member>
std::string_view column_name(Member T::*member) {
  return column_names<T>()[column_position(member)];
}

/// The server's type that Model<T>::kTypes declares for a column; empty: none.
template <class T>
std::string_view declared_type(std::size_t position) {
  std::string_view type;
  if constexpr (requires { Model<T>::kTypes; }) {
    std::apply(
        [&](const auto&... column) {
          ((column_position(column.member) == position ? void(type = column.type) : void()), ...);
        },
        Model<T>::kTypes);
  }
  return type;
}

/// The columns of a key or foreign key.
template <class Declared>
std::vector<std::string_view> columns_of(const Declared& members) {
  return std::apply([](auto... member) { return std::vector<std::string_view>{column_name(member)...}; },
                    as_tuple(members));
}
template <class T>
std::vector<std::string_view> key_columns() {
  return columns_of(Model<T>::kKey);
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
  if (!found) throw_not_declared(Model<Parent>::kTable);
}

/// Calls `visit` with every declared relation of T.
template <class T, class Visit>
void for_each_relation(Visit&& visit) {
  if constexpr (requires { Model<T>::kRelations; }) {
    std::apply([&](const auto&... relation) { (visit(relation), ...); }, Model<T>::kRelations);
  }
}

[[noreturn]] void throw_column_not_loaded(const std::string_view* table, const char* column);

struct DeferrableAccess {
  template <class V>
  static void name(Deferrable<V>& column, const std::string_view& table, const char* name) {
    column.table_ = &table;
    column.column_ = name;
  }
  template <class V, class U>
  static void set(Deferrable<V>& column, U&& value) {
    column.value_ = std::forward<U>(value);
    column.is_loaded_ = true;
  }
};

template <class Member>
struct IsDeferrable : std::false_type {};
template <class V>
struct IsDeferrable<Deferrable<V>> : std::true_type {};

}  // namespace detail

template <class V>
void Deferrable<V>::throw_not_loaded() const {
  detail::throw_column_not_loaded(table_, column_);
}

}  // namespace quell::db
