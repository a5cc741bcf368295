// Preloaded into a recorded program: connect() to PostgreSQL's address goes to Quell's proxy instead, whatever
// configuration the address came from. Everything else is left alone; where anything is odd, so is this.
//
//   QUELL_REDIRECT_FROM   entries separated by ';': "4 ADDRESS PORT", "6 ADDRESS PORT", "u PATH"
//   QUELL_REDIRECT_TO     "PORT;PATH": the proxy on 127.0.0.1 and its unix socket
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { kMaxTargets = 32 };

struct Target {
  char family;  // '4', '6' or 'u'
  struct in_addr address4;
  struct in6_addr address6;
  in_port_t port;
  char path[sizeof(((struct sockaddr_un*)0)->sun_path)];
};

typedef int (*ConnectFunction)(int, const struct sockaddr*, socklen_t);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ConnectFunction real_connect;
static struct Target targets[kMaxTargets];
static size_t target_count;
static in_port_t proxy_port;
static struct sockaddr_un proxy_socket;

static int read_target(const char* entry, struct Target* target) {
  char address[INET6_ADDRSTRLEN];
  unsigned port = 0;
  memset(target, 0, sizeof *target);
  target->family = entry[0];
  if (entry[0] == 'u' && entry[1] == ' ' && strlen(entry + 2) < sizeof target->path) {
    strcpy(target->path, entry + 2);
    return 1;
  }
  if (sscanf(entry + 1, " %45s %u", address, &port) != 2) return 0;
  target->port = htons((in_port_t)port);
  if (entry[0] == '4') return inet_pton(AF_INET, address, &target->address4) == 1;
  return entry[0] == '6' && inet_pton(AF_INET6, address, &target->address6) == 1;
}

static void read_environment(void) {
  const char* from = getenv("QUELL_REDIRECT_FROM");
  const char* to = getenv("QUELL_REDIRECT_TO");
  const char* path = to ? strchr(to, ';') : NULL;
  *(void**)(&real_connect) = dlsym(RTLD_NEXT, "connect");
  if (!from || !path || strlen(path + 1) >= sizeof proxy_socket.sun_path) return;
  proxy_port = htons((in_port_t)atoi(to));
  proxy_socket.sun_family = AF_UNIX;
  strcpy(proxy_socket.sun_path, path + 1);
  while (*from && target_count < kMaxTargets) {
    char entry[160];
    const size_t size = strcspn(from, ";");
    if (size < sizeof entry) {
      memcpy(entry, from, size);
      entry[size] = '\0';
      if (read_target(entry, &targets[target_count])) ++target_count;
    }
    from += size + (from[size] == ';');
  }
}

static int matches(const struct Target* target, const struct sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && target->family == '4' && size >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in* in = (const struct sockaddr_in*)address;
    return in->sin_port == target->port && in->sin_addr.s_addr == target->address4.s_addr;
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
    const struct sockaddr_in6* in = (const struct sockaddr_in6*)address;
    if (in->sin6_port != target->port) return 0;
    if (target->family == '6') return memcmp(&in->sin6_addr, &target->address6, sizeof in->sin6_addr) == 0;
    return target->family == '4' && IN6_IS_ADDR_V4MAPPED(&in->sin6_addr) &&
           memcmp(&in->sin6_addr.s6_addr[12], &target->address4, sizeof target->address4) == 0;
  }
  if (address->sa_family == AF_UNIX && target->family == 'u' && size > offsetof(struct sockaddr_un, sun_path)) {
    const struct sockaddr_un* un = (const struct sockaddr_un*)address;
    const size_t room = size - offsetof(struct sockaddr_un, sun_path);
    const size_t length = strnlen(un->sun_path, room);
    return length == strlen(target->path) && memcmp(un->sun_path, target->path, length) == 0;
  }
  return 0;
}

static int connect_to_proxy(int descriptor, int family) {
  if (family == AF_UNIX) {
    // An abstract name of the kernel's choice, so that call-site hooks and the proxy can name this socket. A socket that
    // has one keeps it.
    const struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    (void)bind(descriptor, (const struct sockaddr*)&unnamed, sizeof unnamed.sun_family);
    return real_connect(descriptor, (const struct sockaddr*)&proxy_socket, sizeof proxy_socket);
  }
  if (family == AF_INET) {
    struct sockaddr_in to = {0};
    to.sin_family = AF_INET;
    to.sin_port = proxy_port;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return real_connect(descriptor, (const struct sockaddr*)&to, sizeof to);
  }
  // ::ffff:127.0.0.1 reaches the IPv4 listener from an IPv6 socket.
  struct sockaddr_in6 to = {0};
  to.sin6_family = AF_INET6;
  to.sin6_port = proxy_port;
  to.sin6_addr.s6_addr[10] = to.sin6_addr.s6_addr[11] = 0xFF;
  to.sin6_addr.s6_addr[12] = 127;
  to.sin6_addr.s6_addr[15] = 1;
  return real_connect(descriptor, (const struct sockaddr*)&to, sizeof to);
}

int connect(int descriptor, const struct sockaddr* address, socklen_t size) {
  pthread_once(&once, read_environment);
  if (!real_connect) {
    errno = ENOSYS;
    return -1;
  }
  if (address && size >= sizeof address->sa_family) {
    for (size_t i = 0; i < target_count; ++i) {
      if (matches(&targets[i], address, size)) return connect_to_proxy(descriptor, address->sa_family);
    }
  }
  return real_connect(descriptor, address, size);
}
