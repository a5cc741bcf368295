#pragma once

namespace quell::reference::http {

class Api;

/// Each adds the operations of one resource.
void add_auth(Api& api);
void add_comments(Api& api);
void add_posts(Api& api);
void add_tags(Api& api);
void add_users(Api& api);
void add_products(Api& api);
void add_orders(Api& api);
/// Health, metrics and the OpenAPI document.
void add_operations(Api& api);

}  // namespace quell::reference::http
