#include "reference_app/http/api.hpp"
#include "reference_app/http/docs/page.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {
namespace {

using NoInput = Input<None, None, None>;

asio::awaitable<Health> live(RequestContext&, const NoInput&) {
  co_return Health{};
}

// A balancer asks often and must learn quickly.
constexpr std::chrono::seconds kReadyTimeout{1};

asio::awaitable<Health> ready(RequestContext& context, const NoInput&) {
  try {
    auto connection = co_await context.acquire(db::Deadline::after(kReadyTimeout));
    co_await connection->execute("select 1");
  } catch (const db::Error&) {
    throw Problem(503, "unavailable", "The database does not answer.").with("Retry-After", "1");
  }
  co_return Health{};
}

asio::awaitable<std::string> metrics(RequestContext& context, const NoInput&) {
  co_return context.api().metrics_text();
}

asio::awaitable<std::string> openapi(RequestContext& context, const NoInput&) {
  co_return context.api().openapi_text();
}

// Everything the page needs is in it; what it shows comes from this service only.
asio::awaitable<std::string> docs(RequestContext& context, const NoInput&) {
  context.response().set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  co_return std::string(docs_page());
}

}  // namespace

void add_operations(Api& api) {
  api.add({.route = "/health/live", .id = "live", .summary = "Whether the process answers", .tag = "operations"},
          &live);
  api.add({.route = "/health/ready", .id = "ready", .summary = "Whether requests can be served", .tag = "operations"},
          &ready);
  api.add({.route = "/metrics",
           .id = "metrics",
           .summary = "Counts for Prometheus",
           .tag = "operations",
           .media_type = "text/plain; version=0.0.4"},
          &metrics);
  api.add({.route = "/openapi.json",
           .id = "openapi",
           .summary = "This description",
           .tag = "operations",
           .media_type = "application/json"},
          &openapi);
  api.add({.route = "/docs",
           .id = "docs",
           .summary = "This description as a page, to read and to try",
           .tag = "operations",
           .media_type = "text/html; charset=utf-8"},
          &docs);
}

}  // namespace quell::reference::http
