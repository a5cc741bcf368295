#pragma once

#include <optional>

#include "reference_app/domain/idempotency.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"

namespace quell::reference::http {

/// The key of a request that may come again; nothing where it brings none.
[[nodiscard]] std::optional<IdempotencyKey> idempotency_key(const RequestContext& context,
                                                            const IdempotencyHeader& header);

}  // namespace quell::reference::http
