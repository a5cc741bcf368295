#include "reference_app/http/paging.hpp"

#include "reference_app/http/problem.hpp"

namespace quell::reference::http {

std::optional<std::vector<std::int64_t>> position_of(const CursorCodec& cursors, std::string_view list,
                                                     const std::optional<std::string>& cursor, std::int64_t offset,
                                                     std::size_t count) {
  if (!cursor) return std::nullopt;
  const Location query("query");
  ValidationErrors errors;
  if (offset != 0) errors.add(Location(query, "offset"), "exclusive", "must not be given with a cursor");
  auto position = cursors.decode(list, *cursor, count);
  if (!position) errors.add(Location(query, "cursor"), "cursor", "must be the next_cursor of a page of this list");
  errors.throw_if_any();
  return position;
}

std::int64_t id_before(const CursorCodec& cursors, std::string_view list, const PageQuery& query) {
  const auto position = position_of(cursors, list, query.cursor, query.offset, 1);
  return position ? position->front() : 0;
}

}  // namespace quell::reference::http
