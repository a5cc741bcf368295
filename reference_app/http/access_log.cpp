#include "reference_app/http/access_log.hpp"

#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "reference_app/http/json_writer.hpp"

namespace quell::reference::http {

std::string to_json_line(const AccessRecord& record, std::chrono::system_clock::time_point time) {
  std::string line = R"({"time":)";
  write_json(line, std::chrono::floor<std::chrono::microseconds>(time));
  line += R"(,"method":)";
  write_json(line, to_string(record.method));
  line += R"(,"route":)";
  write_json(line, record.route);
  line += R"(,"status":)";
  write_json(line, record.status);
  line += R"(,"bytes":)";
  write_json(line, record.bytes);
  line += fmt::format(R"(,"ms":{:.3f})", std::chrono::duration<double, std::milli>(record.duration).count());
  line += R"(,"request_id":)";
  write_json(line, record.request_id);
  line += R"(,"traceparent":)";
  write_json(line, record.traceparent);
  line += R"(,"peer":)";
  write_json(line, record.peer);
  line += '}';
  return line;
}

std::function<void(const AccessRecord&)> open_access_log(const std::string& path) {
  constexpr std::size_t kQueue = 8192;
  auto pool = std::make_shared<spdlog::details::thread_pool>(kQueue, 1);
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (path == "-") {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
  } catch (const spdlog::spdlog_ex&) {
    throw std::runtime_error(fmt::format("cannot write the access log {}", path));
  }
  auto logger =
      std::make_shared<spdlog::async_logger>("access", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::info);
  return [pool, logger](const AccessRecord& record) {
    logger->info(to_json_line(record, std::chrono::system_clock::now()));
  };
}

}  // namespace quell::reference::http
