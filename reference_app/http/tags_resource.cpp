#include "reference_app/domain/tags.hpp"

#include "reference_app/http/api.hpp"
#include "reference_app/http/paging.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {

template <>
struct Schema<TagUse> {
  static constexpr std::string_view kName = "Tag";
  static constexpr std::array kFields{Field{.name = "post_count", .description = "Posts that carry it."}};
};

namespace {

constexpr std::string_view kList = "tags";

asio::awaitable<Page<TagUse>> list(RequestContext& context, const Input<None, PageQuery>& input) {
  const std::int64_t after = id_before(context.api().cursors(), kList, input.query);
  auto connection = co_await context.acquire();
  const Slice slice{input.query.limit, input.query.offset};
  auto tags = co_await list_tags(*connection, slice, after);
  co_return make_page_by_id(std::move(tags), input.query, context.api().cursors(), kList);
}

}  // namespace

void add_tags(Api& api) {
  api.add({.route = "/tags",
           .id = "list_tags",
           .summary = "Tags and how often they are used, oldest first",
           .description = "Kept for ten seconds or until a post changes.",
           .tag = "tags",
           .cache = "tags"},
          &list);
}

}  // namespace quell::reference::http
