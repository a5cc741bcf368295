#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "agent/proxy/proxy.hpp"
#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/record/record.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  std::vector<std::string> listen = {"127.0.0.1:5433"};
  std::string upstream = "127.0.0.1:5432";
  std::string trace;
  bool redact = false;
  proxy::ClientTlsParams client_tls;
  std::string upstream_tls = "prefer";
  std::string upstream_root;
};

const std::map<std::string, proxy::UpstreamTls> kTlsModes = {{"disable", proxy::UpstreamTls::disable},
                                                             {"prefer", proxy::UpstreamTls::prefer},
                                                             {"require", proxy::UpstreamTls::require},
                                                             {"verify-ca", proxy::UpstreamTls::verify_ca},
                                                             {"verify-full", proxy::UpstreamTls::verify_full}};

void say(const std::string& sentence) {
  fmt::print(stderr, "quell: {}\n", sentence);
}

bool is_loopback(const proxy::Endpoint& endpoint) {
  return endpoint.family() == AF_UNIX || endpoint.text.starts_with("127.") || endpoint.text.starts_with("[::1]");
}

void introduce(const proxy::Proxy& proxy, const Arguments& arguments) {
  for (const proxy::Endpoint& endpoint : proxy.listening()) {
    say(fmt::format("relaying {} to {}, recording into {}; Ctrl-C ends it", endpoint.text, arguments.upstream,
                    arguments.trace));
    if (!is_loopback(endpoint)) say(fmt::format("{} can be reached from other machines", endpoint.text));
  }
  if (arguments.client_tls.certificate.empty()) {
    say("clients are refused TLS: sslmode=require needs --tls-certificate");
  } else if (arguments.upstream_tls != "disable") {
    say("SCRAM with channel binding works across TLS on both legs only with the server's own certificate; otherwise "
        "clients need channel_binding=disable, or use --upstream-tls disable");
  }
}

void run_proxy(const Arguments& arguments) {
  proxy::ProxyParams params;
  for (const std::string& address : arguments.listen) params.listen.push_back(proxy::Address::parse(address));
  params.upstream = proxy::Address::parse(arguments.upstream);
  params.client_tls = arguments.client_tls;
  params.upstream_tls = {kTlsModes.at(arguments.upstream_tls), arguments.upstream_root};

  // Blocked before the proxy's threads begin, so that they inherit it and the signal waits for us.
  sigset_t ends;
  sigset_t previous;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, &previous);
  proxy::Proxy proxy(params);
  proxy.start(create_trace(arguments.trace, "quell proxy", arguments.redact));
  introduce(proxy, arguments);
  int signal = 0;
  sigwait(&ends, &signal);
  proxy.stop();
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  for (const std::string& sentence : describe(proxy.stats(), arguments.trace)) say(sentence);
}

}  // namespace

void add_proxy_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("proxy", "Stand between clients and PostgreSQL and record what passes");
  const auto arguments = std::make_shared<Arguments>();
  command
      .add_option("--listen", arguments->listen,
                  "HOST:PORT, PORT, /FOLDER:PORT or unix:/PATH; repeatable; default 127.0.0.1:5433")
      ->option_text("ADDRESS");
  command.add_option("--upstream", arguments->upstream, "The server; default 127.0.0.1:5432")->option_text("ADDRESS");
  command.add_option("-o,--output", arguments->trace, "The trace")->required()->option_text("TRACE (required)");
  command.add_flag("--redact", arguments->redact, "Keep no values, only their types and keyed hashes");
  CLI::Option* certificate =
      command.add_option("--tls-certificate", arguments->client_tls.certificate, "Accept TLS with this PEM file")
          ->option_text("FILE");
  command.add_option("--tls-key", arguments->client_tls.key, "Its key; default: in the certificate's file")
      ->needs(certificate)
      ->option_text("FILE");
  command
      .add_option("--upstream-tls", arguments->upstream_tls,
                  "disable, prefer, require, verify-ca or verify-full; default prefer")
      ->check(CLI::IsMember(kTlsModes).description(""))
      ->option_text("MODE");
  command.add_option("--upstream-root", arguments->upstream_root, "Authorities to verify the server with")
      ->option_text("FILE");
  command.footer(
      "Examples:\n"
      "  quell proxy -o service.qtr\n"
      "  quell proxy --listen 127.0.0.1:6432 --upstream db.example.org:5432 --upstream-tls verify-full -o service.qtr");
  command.callback([arguments] { run_proxy(*arguments); });
}

}  // namespace quell::cli
