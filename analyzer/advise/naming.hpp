#pragma once

#include <string>
#include <string_view>

/// How table and column names become the names of a C++ model. Pure; a guess in the reader's terms, not a promise.
namespace quell::advise {

/// English, last word only: "order_items" → "order_item", "categories" → "category", "addresses" → "address", "people"
/// → "person"; a word that is no plural stays.
[[nodiscard]] std::string singular(std::string_view name);

/// "order_items" → "OrderItem".
[[nodiscard]] std::string class_name(std::string_view table);

/// The member a foreign key column refers through: "author_id" → "author", "authorId" → "author", "owner_uuid" →
/// "owner". Empty: the column does not look like a foreign key.
[[nodiscard]] std::string relation_of_foreign_key(std::string_view column);

}  // namespace quell::advise
