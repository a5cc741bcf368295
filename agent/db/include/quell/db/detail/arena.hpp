#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include <quell/db/model.hpp>
#include <quell/db/result.hpp>

namespace quell::db::detail {

struct RelationAccess {
  static void name(RelationHolder& holder, const std::string_view& table, const std::string_view& relation) {
    holder.table_ = &table;
    holder.name_ = &relation;
  }
  static bool is_forbidden(const RelationHolder& holder) { return holder.state_ == RelationHolder::State::forbidden; }
  static void forbid(RelationHolder& holder) {
    if (!holder.is_loaded()) holder.state_ = RelationHolder::State::forbidden;
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

/// `alias."a", alias."b"` for the mapped columns of T, in declared order.
template <class T>
void append_columns(std::string& out, std::string_view alias) {
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    if (!out.empty()) out += ", ";
    out.append(alias).append(".\"").append(member.name).append("\"");
  });
}

template <class T>
inline constexpr std::size_t kColumnCount = boost::mp11::mp_size<MembersOf<T>>::value;

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

  /// The object of one row whose columns of T start at `first`; null where its key is NULL. An object that is here
  /// already keeps its values.
  template <class T>
  T* materialise(const Result& result, std::uint64_t row, std::size_t first) {
    using Key = KeyOf<T>;
    const Field key_field(result, row, first + key_position<T>());
    if (key_field.is_null()) return nullptr;
    Key key = key_field.template as<Key>();
    auto& store = store_of<T>();
    const auto [entry, is_new] = store.by_key.try_emplace(std::move(key), nullptr);
    if (!is_new) return entry->second;
    T& object = store.objects.emplace_back();
    entry->second = &object;
    std::size_t column = first;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      auto& target = object.*member.pointer;
      target = Field(result, row, column++).template as<std::remove_reference_t<decltype(target)>>();
    });
    if constexpr (requires { Model<T>::kRelations; }) {
      std::apply(
          [&](const auto&... relation) {
            (RelationAccess::name(object.*(relation.member), Model<T>::kTable, relation.name), ...);
          },
          Model<T>::kRelations);
    }
    return &object;
  }

 private:
  struct StoreBase {
    virtual ~StoreBase() = default;
  };
  template <class T>
  struct Store : StoreBase {
    std::deque<T> objects;
    std::unordered_map<KeyOf<T>, T*> by_key;
  };

  template <class T>
  static std::size_t key_position() {
    std::size_t position = 0;
    std::size_t next = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
      if constexpr (std::is_same_v<std::remove_cv_t<decltype(member.pointer)>,
                                   std::remove_cv_t<decltype(Model<T>::kKey)>>) {
        if (member.pointer == Model<T>::kKey) position = next;
      }
      ++next;
    });
    return position;
  }
  template <class T>
  Store<T>& store_of() {
    auto& store = stores_[std::type_index(typeid(T))];
    if (!store) store = std::make_unique<Store<T>>();
    return static_cast<Store<T>&>(*store);
  }

  std::unordered_map<std::type_index, std::unique_ptr<StoreBase>> stores_;
};

}  // namespace quell::db::detail
