#include "reference_app/naive/missing_indexes.hpp"

namespace quell::reference::naive {
namespace {

constexpr std::string_view kUp = R"(
drop index comments_post_id_idx;
drop index order_items_product_id_idx;
alter table order_items drop constraint order_items_product_once;
drop index products_search_idx;
drop index products_tags_idx;
drop index products_metadata_idx;
)";

constexpr std::string_view kDown = R"(
create index comments_post_id_idx on comments (post_id);
create index order_items_product_id_idx on order_items (product_id);
alter table order_items add constraint order_items_product_once unique (order_id, product_id);
create index products_search_idx on products using gin (search);
create index products_tags_idx on products using gin (tags);
create index products_metadata_idx on products using gin (metadata jsonb_path_ops);
)";

}  // namespace

std::vector<db::Revision> with_missing_indexes(std::vector<db::Revision> good) {
  db::Revision branch;
  branch.id = kMissingIndexes;
  branch.name = "drop_indexes";
  branch.parents = {good.back().id};
  branch.up_sql = kUp;
  branch.down_sql = std::string(kDown);
  good.push_back(std::move(branch));
  return good;
}

}  // namespace quell::reference::naive
