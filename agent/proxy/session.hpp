#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <quell/trace/value.hpp>

#include "agent/proxy/address.hpp"
#include "agent/proxy/channel.hpp"
#include "agent/proxy/greeting.hpp"
#include "agent/proxy/recorder.hpp"
#include "agent/proxy/session_parser.hpp"

namespace quell::proxy {

/// Which server address a session went to, by its cancel key: a CancelRequest must reach the same one.
class CancelKeys {
 public:
  void add(const std::string& key, std::size_t endpoint);
  void remove(const std::string& key);
  /// 0 where the key is not known.
  [[nodiscard]] std::size_t find(const std::string& key) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> endpoints_;
};

struct ProxyCounters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> refused{0};          ///< greeting that is no PostgreSQL client's, or TLS that failed
  std::atomic<std::uint64_t> upstream_failed{0};  ///< clients that were told 08006
  std::atomic<std::uint64_t> stripped{0};         ///< SCRAM-SHA-256-PLUS offers taken out
};

/// What all sessions of a proxy share. Immutable while it runs, but for the counters and the keys.
struct SessionContext {
  std::vector<Endpoint> upstreams;
  std::vector<std::shared_ptr<const std::string>> upstream_names;
  std::string upstream_host;  ///< for SNI and verification
  TlsContext client_tls;      ///< null: TLS is refused
  TlsContext upstream_tls;    ///< null: plaintext
  UpstreamTls upstream_mode = UpstreamTls::disable;
  std::int64_t handshake_nanoseconds = 0;
  std::optional<trace::Canonicalizer> canonicalizer;  ///< none: nothing is recorded
  ParserParams parser;
  std::atomic<trace::ConnectionId> next_connection{1};
  CancelKeys cancel_keys;
  ProxyCounters counters;
};

/// One side of a session in the loop's epoll set.
struct Watch {
  class Session* session = nullptr;
  bool client = false;
  std::uint32_t interest = 0;  ///< as registered
  bool registered = false;
  bool forgotten = false;  ///< hung up: epoll would report it for ever
};

/// One client connection and its one server connection. Bytes are passed on as they come and only then shown to the
/// parser. A side that reads slowly stops the other's being read: at most one read's worth is held for it.
/// Belongs to one loop.
class Session {
 public:
  Session(SessionContext& context, Recorder::Lane* lane, int epoll, Descriptor client, trace::Time now);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// `events`: epoll's. `scratch`: a buffer of the loop. May leave the session finished().
  void on_event(const Watch& watch, std::uint32_t events, std::string& scratch, trace::Time now);
  /// Looks at deadlines; to be called about once a second.
  void on_tick(trace::Time now);
  /// Nothing more will happen: destroy it.
  [[nodiscard]] bool finished() const { return stage_ == Stage::finished; }

 private:
  enum class Stage : std::uint8_t {
    greeting,
    client_handshake,
    connecting,
    asking_for_tls,
    upstream_handshake,
    relaying,
    lingering,  ///< the server is gone, its last bytes are with the kernel: wait for the client to close
    finished
  };
  /// Bytes on their way from one side to the other that the other did not take yet.
  struct Pipe {
    std::string held;
    std::size_t sent = 0;
    bool ended = false;  ///< the source has closed its side
    bool shut = false;   ///< and we have told the other
    [[nodiscard]] bool blocked() const { return sent < held.size(); }
  };

  void step(const Watch& watch, std::uint32_t events, std::string& scratch);
  void greet(std::string& scratch);
  bool direct_tls();
  void answer_encryption(bool ssl);
  void client_handshake();
  void begin_session(Greeting greeting);
  void connect_next();
  void approach_upstream();
  void connected();
  void ask_for_tls();
  void read_tls_answer();
  void upstream_handshake();
  void begin_relay();
  void relay(bool from_client, std::string& scratch);
  void flush(bool to_client, std::string& scratch);
  void deliver(bool from_client, std::string_view bytes);
  bool write_now(Channel& to, Pipe& pipe, std::string_view bytes);
  void observe(bool from_client, std::string_view bytes);
  void source_ended(bool from_client);
  void server_gone();
  void linger(std::string& scratch);
  void refuse(std::string_view sqlstate, std::string_view text);
  void upstream_unreachable(const std::string& reason);
  void finish(const char* reason = "");
  void update_interest();
  void forget(Watch& watch, const Channel& channel);
  void close(Watch& watch, Channel& channel);
  void set_interest(Watch& watch, const Channel& channel, std::uint32_t interest);
  void hand_over_events();

  SessionContext& context_;
  Recorder::Lane* lane_;
  int epoll_;
  Channel client_;
  Channel upstream_;
  Watch client_watch_;
  Watch upstream_watch_;
  Stage stage_ = Stage::greeting;
  trace::Time now_ = 0;
  trace::Time deadline_ = 0;  ///< of every stage but relaying
  std::string greeting_;
  int encryption_answers_ = 0;
  bool direct_ = false;
  bool cancel_ = false;
  std::size_t endpoint_ = 0;
  std::size_t endpoints_tried_ = 0;
  std::string last_failure_;
  Pipe to_upstream_;
  Pipe to_client_;
  std::optional<ScramPlusFilter> filter_;
  std::string filtered_;
  std::optional<SessionParser> parser_;
  trace::ConnectionId connection_ = 0;
  std::string cancel_key_;
  std::string client_name_;
};

}  // namespace quell::proxy
