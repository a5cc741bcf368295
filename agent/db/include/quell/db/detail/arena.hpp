#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <quell/db/detail/keys.hpp>
#include <quell/db/loading.hpp>
#include <quell/db/model.hpp>
#include <quell/db/result.hpp>

namespace quell::db::detail {

struct RelationAccess {
  /// All three must live as long as the holder.
  static void name(RelationHolder& holder, const std::string_view& table, const std::string_view& relation,
                   const CallSite& origin) {
    holder.table_ = &table;
    holder.name_ = &relation;
    holder.origin_ = &origin;
  }
  static bool is_forbidden(const RelationHolder& holder) { return holder.state_ == RelationHolder::State::forbidden; }
  static void forbid(RelationHolder& holder) {
    if (!holder.is_loaded()) holder.state_ = RelationHolder::State::forbidden;
  }
  static void permit(RelationHolder& holder) {
    if (is_forbidden(holder)) holder.state_ = RelationHolder::State::unloaded;
  }
  /// noload: reads as nothing.
  static void leave_empty(RelationHolder& holder) {
    if (!holder.is_loaded()) holder.state_ = RelationHolder::State::empty;
  }
  template <class T>
  static void reset(One<T>& holder) {
    holder.object_ = nullptr;
    holder.state_ = RelationHolder::State::unloaded;
  }
  template <class T>
  static void reset(Many<T>& holder) {
    holder.objects_.objects_.clear();
    holder.state_ = RelationHolder::State::unloaded;
  }
  static void mark_loaded(RelationHolder& holder) { holder.state_ = RelationHolder::State::loaded; }
  template <class T>
  static void set(One<T>& holder, T* object) {
    holder.object_ = object;
    mark_loaded(holder);
  }
  template <class T>
  static void add(One<T>& holder, T* object) {
    set(holder, object);
  }
  template <class T>
  static void add(Many<T>& holder, T* object) {
    holder.objects_.objects_.push_back(object);
    mark_loaded(holder);
  }
  template <class T>
  static std::vector<T*>& objects(ObjectRange<T>& range) {
    return range.objects_;
  }
  template <class T>
  static const std::vector<T*>& objects(const ObjectRange<T>& range) {
    return range.objects_;
  }
  template <class T>
  static T* object(const One<T>& holder) {
    return holder.object_;
  }
  template <class T>
  static const std::vector<T*>& objects(const Many<T>& holder) {
    return holder.objects_.objects_;
  }
};

/// Where the columns of T stand in a result: for each mapped column its number, kAbsent where it was left out.
template <class T>
class RowShape {
 public:
  static constexpr std::size_t kAbsent = SIZE_MAX;
  /// The columns of `set`, one after the other from `first`.
  explicit RowShape(std::size_t first, const ColumnSet& set = {}) : end_(first) {
    for (std::size_t i = 0; i < at_.size(); ++i) at_[i] = set.empty() || set[i] ? end_++ : kAbsent;
  }
  explicit RowShape(const std::array<std::size_t, kColumnCount<T>>& at) : at_(at) {}

  [[nodiscard]] std::size_t operator[](std::size_t column) const { return at_[column]; }
  /// The column after the last.
  [[nodiscard]] std::size_t end() const { return end_; }

 private:
  std::array<std::size_t, kColumnCount<T>> at_;
  std::size_t end_ = 0;
};

/// The key in `columns` of one row; nothing where one of them is NULL.
template <class Key, std::size_t N>
std::optional<Key> read_key(const Result& result, std::uint64_t row, const std::array<std::size_t, N>& columns) {
  for (const std::size_t column : columns)
    if (Field(result, row, column).is_null()) return std::nullopt;
  if constexpr (IsCompositeKey<Key>::value) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return Key(Field(result, row, columns[I]).template as<std::tuple_element_t<I, Key>>()...);
    }
    (std::make_index_sequence<N>());
  } else {
    return Field(result, row, columns[0]).template as<Key>();
  }
}

/// Owns the objects of a session: one for each table and key, at an address that never changes.
class Arena {
 public:
  /// The object already here, or null.
  template <class T>
  [[nodiscard]] T* find(const KeyOf<T>& key) {
    auto& store = store_of<T>();
    const auto found = store.by_key.find(key);
    return found == store.by_key.end() ? nullptr : found->second;
  }

  /// A place that queries come from, kept for the errors of the objects they make.
  const CallSite& keep(const CallSite& site) {
    const bool same = !sites_.empty() && sites_.back().file_name() == site.file_name() &&
                      sites_.back().line() == site.line();  // a loop of lazy loads
    return same ? sites_.back() : sites_.emplace_back(site);
  }

  /// The object of one row; null where its key is NULL. An object that is here already keeps its values, but columns it
  /// lacks are filled in. `origin` must be one that `keep` returned.
  template <class T>
  T* materialise(const Result& result, std::uint64_t row, const RowShape<T>& shape, const CallSite& origin) {
    auto key = row_key<T>(result, row, shape);
    if (!key) return nullptr;
    auto& store = store_of<T>();
    const auto [entry, is_new] = store.by_key.try_emplace(std::move(*key), nullptr);
    if (!is_new) {
      fill(*entry->second, result, row, shape, /*only_missing=*/true);
      return entry->second;
    }
    T& object = store.objects.emplace_back();
    entry->second = &object;
    fill(object, result, row, shape, /*only_missing=*/false);
    name_members(object, origin);
    return &object;
  }

  /// The same, but an object that is here already takes the values of the row and forgets its relations.
  template <class T>
  T* refresh(const Result& result, std::uint64_t row, const RowShape<T>& shape, const CallSite& origin) {
    const auto key = row_key<T>(result, row, shape);
    T* known = key ? find<T>(*key) : nullptr;
    if (known == nullptr) return materialise<T>(result, row, shape, origin);
    fill(*known, result, row, shape, /*only_missing=*/false);
    for_each_relation<T>([&](const auto& relation) { RelationAccess::reset(known->*relation.member); });
    return known;
  }

  /// The object stays where it is, but its key is free: its row was deleted.
  template <class T>
  void forget(const KeyOf<T>& key) {
    store_of<T>().by_key.erase(key);
  }

  /// Keys on their way: asked for by a statement of this level of loading. False where one asks already.
  template <class T>
  bool ask(const KeyOf<T>& key) {
    return store_of<T>().asked.insert(key).second;
  }
  template <class T>
  void answered(const KeyOf<T>& key) {
    store_of<T>().asked.erase(key);
  }

 private:
  struct StoreBase {
    virtual ~StoreBase() = default;
  };
  template <class T>
  struct Store : StoreBase {
    std::deque<T> objects;
    std::unordered_map<KeyOf<T>, T*, KeyHash> by_key;
    std::unordered_set<KeyOf<T>, KeyHash> asked;
  };

  template <class T>
  static std::optional<KeyOf<T>> row_key(const Result& result, std::uint64_t row, const RowShape<T>& shape) {
    static const std::array kPositions =
        std::apply([](auto... member) { return std::array{column_position(member)...}; }, as_tuple(Model<T>::kKey));
    std::array<std::size_t, kPositions.size()> columns;
    std::transform(kPositions.begin(), kPositions.end(), columns.begin(),
                   [&](std::size_t position) { return shape[position]; });
    return read_key<KeyOf<T>>(result, row, columns);
  }

  template <class T>
  static void fill(T& object, const Result& result, std::uint64_t row, const RowShape<T>& shape, bool only_missing) {
    std::size_t next = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      const std::size_t column = shape[next++];
      auto& target = object.*member.pointer;
      using Member = std::remove_reference_t<decltype(target)>;
      if (column == RowShape<T>::kAbsent) return;
      if constexpr (IsDeferrable<Member>::value) {
        if (only_missing && target.is_loaded()) return;
        DeferrableAccess::set(target, Field(result, row, column).template as<typename Member::Value>());
      } else if (!only_missing) {
        target = Field(result, row, column).template as<Member>();
      }
    });
  }

  template <class T>
  static void name_members(T& object, const CallSite& origin) {
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      if constexpr (IsDeferrable<std::remove_cvref_t<decltype(object.*member.pointer)>>::value)
        DeferrableAccess::name(object.*member.pointer, Model<T>::kTable, member.name);
    });
    for_each_relation<T>([&](const auto& relation) {
      RelationAccess::name(object.*relation.member, Model<T>::kTable, relation.name, origin);
    });
  }

  template <class T>
  Store<T>& store_of() {
    auto& store = stores_[std::type_index(typeid(T))];
    if (!store) store = std::make_unique<Store<T>>();
    return static_cast<Store<T>&>(*store);
  }

  std::unordered_map<std::type_index, std::unique_ptr<StoreBase>> stores_;
  std::deque<CallSite> sites_;
};

}  // namespace quell::db::detail
