#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <quell/trace/event.hpp>

/// What differs from execution to execution, in variable length: times, counts and binds of one query take about 20
/// bytes where a struct takes 150.
namespace quell::model {

class DetailWriter {
 public:
  explicit DetailWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void write(const trace::Query& query) {
    // Zigzag: a clock that two threads read may step back a little between start and first byte.
    signed_number(query.first_byte != 0 ? query.first_byte - query.start : 0);
    signed_number(query.complete != 0 ? query.complete - query.start : 0);
    signed_number(query.ready != 0 ? query.ready - query.start : 0);
    const bool failed = query.failed();
    const bool rare = failed || query.pipeline_batch != 0;
    number(query.rows << 1 | (rare ? 1U : 0U));
    number(query.bytes_received);
    if (rare) {
      number(query.pipeline_batch);
      bytes({query.sqlstate.data(), query.sqlstate.size()});
    }
    number(query.parameters.size());
    for (const trace::Parameter& parameter : query.parameters) write(parameter);
  }

 private:
  void write(const trace::Parameter& parameter) {
    const bool cut = parameter.full_size > parameter.bytes.size();
    out_.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(parameter.form) | (cut ? 4U : 0U) |
                                             (static_cast<unsigned>(parameter.value.kind()) << 3U)));
    number(parameter.type_oid);
    switch (parameter.form) {
      case trace::ParameterForm::null:
        break;
      case trace::ParameterForm::text:
      case trace::ParameterForm::binary:
        number(parameter.bytes.size());
        bytes(parameter.bytes);
        break;
      case trace::ParameterForm::canonical: {
        std::uint64_t bits = parameter.value.bits();
        const std::size_t at = out_.size();
        out_.resize(at + sizeof(bits));
        std::memcpy(out_.data() + at, &bits, sizeof(bits));
        break;
      }
    }
  }

  void number(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void signed_number(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void bytes(std::string_view s) { out_.insert(out_.end(), s.begin(), s.end()); }

  std::vector<std::uint8_t>& out_;
};

/// Reads what DetailWriter wrote; trusted memory, so unchecked.
class DetailReader {
 public:
  explicit DetailReader(const std::uint8_t* at) : at_(at) {}

  struct Fields {
    std::int64_t first_byte = 0;  ///< after the start; 0: not known
    std::int64_t complete = 0;
    std::int64_t ready = 0;
    std::uint64_t rows = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t pipeline_batch = 0;
    std::array<char, 5> sqlstate{};
    std::uint64_t parameters = 0;  ///< to be read with parameter()
  };

  Fields fields() {
    Fields f;
    f.first_byte = signed_number();
    f.complete = signed_number();
    f.ready = signed_number();
    const std::uint64_t rows = number();
    f.rows = rows >> 1;
    f.bytes_received = number();
    if ((rows & 1) != 0) {
      f.pipeline_batch = number();
      std::memcpy(f.sqlstate.data(), at_, f.sqlstate.size());
      at_ += f.sqlstate.size();
    }
    f.parameters = number();
    return f;
  }

  struct Parameter {
    trace::ParameterForm form = trace::ParameterForm::null;
    bool cut = false;
    std::uint32_t type_oid = 0;
    std::string_view bytes;
    trace::Value value;  ///< of form canonical
  };

  Parameter parameter() {
    Parameter p;
    const std::uint8_t head = *at_++;
    p.form = static_cast<trace::ParameterForm>(head & 3U);
    p.cut = (head & 4U) != 0;
    p.type_oid = static_cast<std::uint32_t>(number());
    if (p.form == trace::ParameterForm::canonical) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, at_, sizeof(bits));
      at_ += sizeof(bits);
      switch (static_cast<trace::Value::Kind>(head >> 3U)) {
        case trace::Value::Kind::null:
          break;
        case trace::Value::Kind::integer:
          p.value = trace::Value::integer(static_cast<std::int64_t>(bits));
          break;
        case trace::Value::Kind::hash:
          p.value = trace::Value::hash(bits);
          break;
      }
    } else if (p.form != trace::ParameterForm::null) {
      const std::uint64_t size = number();
      p.bytes = {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(size)};
      at_ += size;
    }
    return p;
  }

 private:
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }

  const std::uint8_t* at_;
};

}  // namespace quell::model
