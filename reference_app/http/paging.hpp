#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "reference_app/domain/slice.hpp"
#include "reference_app/http/cursor.hpp"
#include "reference_app/http/schema.hpp"

/// Lists by limit and offset, or by limit and cursor.
namespace quell::reference::http {

inline constexpr Field kLimitField{
    .name = "limit", .description = "Records of one page.", .required = false, .minimum = 1, .maximum = 100};
inline constexpr Field kOffsetField{
    .name = "offset", .description = "Records to skip.", .required = false, .minimum = 0, .maximum = 1'000'000};
inline constexpr Field kCursorField{.name = "cursor",
                                    .description =
                                        "The next_cursor of the page before, instead of an offset: costs "
                                        "the same for every page.",
                                    .min_length = 1,
                                    .max_length = 200};

struct PageQuery {
  std::int64_t limit = 20;
  std::int64_t offset = 0;
  std::optional<std::string> cursor;
};
BOOST_DESCRIBE_STRUCT(PageQuery, (), (limit, offset, cursor))
template <>
struct Schema<PageQuery> {
  static constexpr std::string_view kName = "PageQuery";
  static constexpr std::array kFields{kLimitField, kOffsetField, kCursorField};
};

template <class Item>
struct Page {
  std::vector<Item> items;
  std::int64_t limit = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> next_offset;
  std::optional<std::string> next_cursor;
  BOOST_DESCRIBE_CLASS(Page, (), (items, limit, offset, next_offset, next_cursor), (), ())
};
template <class Item>
struct Schema<Page<Item>> {
  static constexpr auto kNameText = [] {
    constexpr std::string_view kSuffix = "Page";
    std::array<char, Schema<Item>::kName.size() + kSuffix.size()> text{};
    std::size_t at = 0;
    for (const std::string_view part : {Schema<Item>::kName, kSuffix}) {
      for (const char c : part) text[at++] = c;
    }
    return text;
  }();
  static constexpr std::string_view kName{kNameText.data(), kNameText.size()};
  static constexpr std::array kFields{
      Field{.name = "next_offset",
            .description = "Offset of the next page; null where this page was not full or began at a cursor."},
      Field{.name = "next_cursor", .description = "Cursor of the next page; null where this page was not full."}};
};

/// Where the page begins that a query with a cursor asks for: the position of the row before it, `count` values.
/// Nothing without a cursor. Throws Problem 422 where the cursor is not one of this list, or comes with an offset.
[[nodiscard]] std::optional<std::vector<std::int64_t>> position_of(const CursorCodec& cursors, std::string_view list,
                                                                   const std::optional<std::string>& cursor,
                                                                   std::int64_t offset, std::size_t count);

/// The same for a list in the order of ids: the last id before the page, 0 without a cursor.
[[nodiscard]] std::int64_t id_before(const CursorCodec& cursors, std::string_view list, const PageQuery& query);

/// A page of these items; `last` is the position of the last one.
template <class Item, class Query>
Page<Item> make_page(std::vector<Item> items, const Query& query, const CursorCodec& cursors, std::string_view list,
                     std::span<const std::int64_t> last) {
  Page<Item> page;
  const bool is_full = std::ssize(items) == query.limit;
  page.items = std::move(items);
  page.limit = query.limit;
  page.offset = query.offset;
  if (is_full && !query.cursor) page.next_offset = query.offset + query.limit;
  if (is_full) page.next_cursor = cursors.encode(list, last);
  return page;
}

/// The same for items in the order of their ids.
template <class Item, class Query>
Page<Item> make_page_by_id(std::vector<Item> items, const Query& query, const CursorCodec& cursors,
                           std::string_view list) {
  const std::array<std::int64_t, 1> last{items.empty() ? 0 : items.back().id};
  return make_page(std::move(items), query, cursors, list, last);
}

}  // namespace quell::reference::http
