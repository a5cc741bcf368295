#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "reference_app/http/access_log.hpp"
#include "reference_app/http/admission.hpp"
#include "reference_app/http/cors.hpp"
#include "reference_app/http/finish_reply.hpp"

namespace quell::reference::http {

struct ApiParams {
  /// Operations run in their badly written version where they have one and the request does not say otherwise.
  bool naive = false;
  /// From the received request to its reply, waiting for the database included.
  std::chrono::milliseconds request_timeout{30'000};
  /// Told of every request; null: nobody.
  std::function<void(const AccessRecord&)> access_log = {};
  /// Signs access tokens and cursors; at least kMinSecretBytes. Empty: a random one, good until the process ends.
  std::string secret = {};
  static constexpr std::size_t kMinSecretBytes = 32;
  std::chrono::seconds access_lifetime{15 * 60};
  std::chrono::seconds refresh_lifetime{30 * 24 * 3600};
  RateParams rates = {};
  CorsParams cors = {};
  FinishParams finish = {};
};

}  // namespace quell::reference::http
