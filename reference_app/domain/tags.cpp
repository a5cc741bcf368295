#include "reference_app/domain/tags.hpp"

namespace quell::reference {

// The page first, then the counts of its tags only.
db::Awaitable<std::vector<TagUse>> list_tags(db::Connection& connection, Slice slice, std::int64_t after_id) {
  return connection.fetch<TagUse>(
      "select page.id, page.name, count(post_tags.post_id) as post_count"
      " from (select id, name from tags where id > $3 order by id limit $1 offset $2) page"
      " left join post_tags on post_tags.tag_id = page.id group by page.id, page.name order by page.id",
      slice.limit, slice.offset, after_id);
}

}  // namespace quell::reference
