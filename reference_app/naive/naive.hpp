#pragma once

namespace quell::reference::http {
class Api;
}

/// The operations of reference_app/http once more, written badly as services in the wild are: SQL in the handler, one
/// statement for each row, whole tables cut in memory. The replies are the same to the byte; what Quell should say of
/// each is in docs/reference-app.md. Nothing else uses this folder.
namespace quell::reference::naive {

/// After all operations were added.
void add_naive_versions(http::Api& api);

void add_posts(http::Api& api);
void add_users(http::Api& api);
void add_products(http::Api& api);
void add_orders(http::Api& api);
void add_sales(http::Api& api);

}  // namespace quell::reference::naive
