// TLS on each leg, and SCRAM across it: the table of docs/proxy.md, with libpq against a server that has TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "tests/pg/proxy/proxied.hpp"

namespace quell::proxy::pg {
namespace {

using testing::HasSubstr;

/// A server with TLS and scram over TCP, and certificates of a local authority.
class Tls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    demo::ClusterParams params;
    params.tcp = true;
    cluster_.emplace(demo::PrivateCluster::start(params));
    folder_ = cluster_->directory();
    cluster_->execute("postgres", "create role ada login password 'hunter2'");
    make_certificate("ca", "/CN=Quell test authority", "");
    make_certificate("server", "/CN=localhost", "ca");
    make_certificate("proxy", "/CN=localhost", "ca");
    std::string data;
    {
      const Connection connection(PQconnectdb(cluster_->dsn().c_str()));
      const Result result(PQexec(connection.get(), "show data_directory"));
      data = PQgetvalue(result.get(), 0, 0);
    }
    std::ofstream(data + "/pg_hba.conf") << "local all quell trust\nhost all ada 127.0.0.1/32 scram-sha-256\n";
    struct stat owner {};
    ASSERT_EQ(stat(data.c_str(), &owner), 0);
    for (const char* name : {"server.key", "server.crt"}) {
      std::filesystem::copy_file(folder_ + "/" + name, data + "/" + name);
      ASSERT_EQ(chown((data + "/" + name).c_str(), owner.st_uid, owner.st_gid), 0);
      ASSERT_EQ(chmod((data + "/" + name).c_str(), 0600), 0);
    }
    cluster_->execute("postgres", "alter system set ssl = on");
    cluster_->restart();
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  void TearDown() override { std::filesystem::remove(trace_path_); }

  static std::string path(const std::string& name) { return folder_ + "/" + name; }

  static void make_certificate(const std::string& name, const std::string& subject, const std::string& authority) {
    const std::string key = path(name + ".key");
    std::string command = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '" + subject +
                          "' -keyout " + key + " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 ";
    if (authority.empty()) {
      command += "-x509 -days 2 -out " + path(name + ".crt");
    } else {
      command += "-out " + path(name + ".csr") + " && openssl x509 -req -days 2 -copy_extensions copy -in " +
                 path(name + ".csr") + " -CA " + path(authority + ".crt") + " -CAkey " + path(authority + ".key") +
                 " -CAcreateserial -out " + path(name + ".crt");
    }
    const Outcome outcome = run(command);
    ASSERT_EQ(outcome.status, 0) << outcome.output;
  }

  std::unique_ptr<Proxy> proxy(const std::string& certificate, UpstreamTls upstream, const std::string& root = "") {
    ProxyParams params;
    params.listen = {Address::parse("127.0.0.1:0")};
    params.upstream = Address::parse("localhost:" + std::to_string(cluster_->port()));
    params.loops = 1;
    if (!certificate.empty()) params.client_tls = {path(certificate + ".crt"), path(certificate + ".key")};
    params.upstream_tls = {upstream, root};
    return std::make_unique<Proxy>(params, trace::Writer::create(trace_path_, {}));
  }

  /// "ok", or libpq's reason.
  static std::string log_in(const Proxy& proxy, const std::string& options) {
    const std::string dsn = "host=localhost hostaddr=127.0.0.1 port=" + std::to_string(proxy.listening().at(0).port()) +
                            " user=ada password=hunter2 dbname=postgres " + options;
    const Connection connection(PQconnectdb(dsn.c_str()));
    if (PQstatus(connection.get()) != CONNECTION_OK) return PQerrorMessage(connection.get());
    const Result result(PQexec(connection.get(), "select 'through'"));
    return PQresultStatus(result.get()) == PGRES_TUPLES_OK ? "ok" : PQerrorMessage(connection.get());
  }

  inline static std::optional<demo::PrivateCluster> cluster_;
  inline static std::string folder_;
  const std::string trace_path_ = testing::TempDir() + "quell_pg_tls_" + std::to_string(getpid()) + ".qtr";
};

TEST_F(Tls, APlaintextClientReachesATlsServerBecauseThePlusOfferIsTakenOut) {
  const auto one = proxy("", UpstreamTls::require);
  EXPECT_EQ(log_in(*one, "sslmode=disable"), "ok");
  EXPECT_EQ(log_in(*one, "sslmode=prefer"), "ok");
  EXPECT_EQ(one->stats().stripped_offers, 2U);
  one->stop();
  const test::TraceContents trace(trace_path_);
  EXPECT_EQ(trace.of("select 'through'").size(), 2U);
  for (const auto& [id, text] : trace.texts) EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
}

TEST_F(Tls, WithoutACertificateAClientThatRequiresTlsIsRefused) {
  const auto one = proxy("", UpstreamTls::require);
  EXPECT_THAT(log_in(*one, "sslmode=require"), HasSubstr("server does not support SSL"));
}

TEST_F(Tls, TlsOnBothLegsWithTheProxysOwnCertificateBreaksChannelBinding) {
  const auto one = proxy("proxy", UpstreamTls::require);
  EXPECT_THAT(log_in(*one, "sslmode=require"), HasSubstr("channel binding check failed"));
  EXPECT_EQ(log_in(*one, "sslmode=require channel_binding=disable"), "ok");
  EXPECT_EQ(one->stats().stripped_offers, 0U);
}

TEST_F(Tls, TlsOnBothLegsWithTheServersCertificateKeepsChannelBinding) {
  const auto one = proxy("server", UpstreamTls::require);
  EXPECT_EQ(log_in(*one, "sslmode=require channel_binding=require"), "ok");
}

TEST_F(Tls, TlsToTheProxyAndPlaintextToTheServerWorks) {
  const auto one = proxy("proxy", UpstreamTls::disable);
  EXPECT_EQ(log_in(*one, "sslmode=verify-full sslrootcert=" + path("ca.crt")), "ok");
  one->stop();
  EXPECT_EQ(test::TraceContents(trace_path_).of("select 'through'").size(), 1U);
}

TEST_F(Tls, TheServersCertificateIsVerifiedByNameWhereAsked) {
  EXPECT_EQ(log_in(*proxy("", UpstreamTls::verify_full, path("ca.crt")), "sslmode=disable"), "ok");
  const std::string reason = log_in(*proxy("", UpstreamTls::verify_full, path("proxy.crt")), "sslmode=disable");
  EXPECT_THAT(reason, HasSubstr("Quell's proxy cannot reach PostgreSQL"));
  EXPECT_THAT(reason, HasSubstr("TLS failed: "));
}

TEST_F(Tls, AServerWithoutTlsIsNamedWhereTlsIsRequiredAndTakenWherePreferred) {
  ProxyParams params;
  demo::ClusterParams plain_params;
  plain_params.tcp = true;
  const demo::PrivateCluster plain = demo::PrivateCluster::start(plain_params);
  params.listen = {Address::parse("127.0.0.1:0")};
  params.upstream = Address::parse("127.0.0.1:" + std::to_string(plain.port()));
  const auto ask = [&](UpstreamTls mode) {
    params.upstream_tls.mode = mode;
    const Proxy one(params, nullptr);
    const Connection connection(PQconnectdb(
        ("host=127.0.0.1 user=quell dbname=postgres port=" + std::to_string(one.listening().at(0).port())).c_str()));
    return std::string(PQerrorMessage(connection.get()));
  };
  EXPECT_THAT(ask(UpstreamTls::require), HasSubstr("it does not accept TLS"));
  EXPECT_EQ(ask(UpstreamTls::prefer), "");
}

TEST_F(Tls, DirectTlsIsAcceptedWithPostgresqlsAlpnOnly) {
  const auto one = proxy("proxy", UpstreamTls::disable);
  const std::string connect = "openssl s_client -connect 127.0.0.1:" + std::to_string(one->listening().at(0).port()) +
                              " -CAfile " + path("ca.crt");
  // The startup packet of user "x", as printf writes it; the server refuses that user in its own words.
  const std::string startup = R"(printf '\0\0\0\020\0\003\0\0user\0x\0\0'; sleep 1)";
  EXPECT_THAT(run("(" + startup + ") | " + connect + " -quiet -alpn postgresql").output, HasSubstr("FATAL"));
  EXPECT_THAT(run("(" + startup + ") | " + connect + " -quiet").output, testing::Not(HasSubstr("FATAL")));
  EXPECT_THAT(run("(" + startup + ") | " + connect + " -quiet -alpn h2").output, testing::Not(HasSubstr("FATAL")));
}

}  // namespace
}  // namespace quell::proxy::pg
