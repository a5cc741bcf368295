#include "reference_app/http/idempotency_key.hpp"

#include <fmt/format.h>

#include "reference_app/auth/secret.hpp"

namespace quell::reference::http {

std::optional<IdempotencyKey> idempotency_key(const RequestContext& context, const IdempotencyHeader& header) {
  if (!header.idempotency_key) return std::nullopt;
  const Request& request = context.request();
  const std::string digest = auth::digest(fmt::format("POST {} {}", request.target, request.body));
  return IdempotencyKey(context.identity().user_id, *header.idempotency_key, digest);
}

}  // namespace quell::reference::http
