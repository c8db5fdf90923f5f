#include <sys/socket.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <pqxx/pqxx>
#include <stop_token>
#include <thread>
#include <utility>

#include "database.h"
#include "kws/core/error.h"
#include "kws/core/interrupt.h"
#include "kws/core/url.h"

namespace kws {
namespace {

constexpr std::chrono::seconds kPatience{30};  ///< for a server that restarts
constexpr std::chrono::milliseconds kReconnectPause{500};
constexpr pqxx::oid kBytea = 17;
/// Two numbers that nobody else in the database takes for an advisory lock; the second tells schemas apart.
constexpr const char* kTryLock = "SELECT pg_try_advisory_lock(5787031, hashtext(current_schema()))";
constexpr const char* kLocked =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 5787031 AND "
    "objid::bigint = (hashtext(current_schema())::bigint & 4294967295) AND "
    "database = (SELECT oid FROM pg_database WHERE datname = current_database())";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// libpq waits without end for a network that has fallen silent; with these kPatience counts there, too. A server that
/// answers a thousand workers at once may take ten seconds to take one more.
std::string with_timeouts(std::string url) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kTimeouts = {{{"connect_timeout", "30"},
                                                                             {"keepalives_idle", "10"},
                                                                             {"keepalives_interval", "5"},
                                                                             {"keepalives_count", "2"},
                                                                             {"tcp_user_timeout", "20000"}}};
  for (const auto& [name, value] : kTimeouts) {
    if (url.find(std::string(name) + "=") != std::string::npos) continue;
    url += (url.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + value;
  }
  return url;
}

/// A value as the text that PostgreSQL reads.
std::string sql_text(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.17g", *number);
    return std::string(text.data());
  }
  const Bytes& bytes = std::get<Bytes>(value);
  constexpr const char* kDigits = "0123456789abcdef";
  std::string hex = "\\x";
  hex.reserve(2 + 2 * bytes.value.size());
  for (const char one : bytes.value) {
    const auto byte = static_cast<unsigned char>(one);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

/// Ends waits that libpq would not: a server or a proxy may take what is sent, and never answer.
class Watchdog {
 public:
  Watchdog() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}
  /// A statement begins on that socket, or none runs any more: -1.
  void watch_socket(int socket) {
    const std::scoped_lock lock(mutex_);
    socket_ = socket;
    since_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kLongestStatement{60}, kLongestGoodbye{3};

  void watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, std::chrono::seconds(1), [&] { return stop.stop_requested(); })) {
      const auto limit = interrupted() ? kLongestGoodbye : kLongestStatement;
      if (socket_ < 0 || Clock::now() - since_ < limit) continue;
      ::shutdown(socket_, SHUT_RDWR);  // to libpq the server has hung up
      socket_ = -1;
    }
  }
  std::mutex mutex_;  ///< guards the two below
  int socket_ = -1;
  Clock::time_point since_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: stops before what it uses goes
};

/// Statements on a connection as long as it lives.
class Watched {
 public:
  Watched(Watchdog& dog, const pqxx::connection& connection) : dog_(dog) { dog_.watch_socket(connection.sock()); }
  ~Watched() { dog_.watch_socket(-1); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Watchdog& dog_;
};

class PostgresDatabase : public Database {
 public:
  explicit PostgresDatabase(const std::string& url) : url_(url), name_(public_url(url)) { connect(); }

  std::vector<SqlRow> run(const std::string& sql, const std::vector<SqlValue>& values) override {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const SqlValue& value : values) texts.push_back(sql_text(value));
    std::vector<const char*> parameters;
    parameters.reserve(texts.size());
    for (const std::string& text : texts) parameters.push_back(text.c_str());
    const pqxx::result result =
        values.empty() ? work_->exec(sql) : work_->exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
    std::vector<SqlRow> rows;
    for (const auto& one : result) {
      SqlRow& row = rows.emplace_back();
      for (pqxx::row::size_type i = 0; i < one.size(); ++i) {
        const pqxx::field cell = one[i];
        if (cell.is_null()) {
          row.emplace_back(std::nullopt);
        } else if (result.column_type(i) == kBytea) {
          row.emplace_back(pqxx::binarystring(cell).str());
        } else {
          row.emplace_back(std::string(cell.c_str(), cell.size()));
        }
      }
    }
    return rows;
  }

  bool has_table(const std::string& table) override {
    return run("SELECT to_regclass($1)", {table}).at(0)[0].has_value();
  }

  void compact() override {}  // the server does it by itself

  void transaction(Work work, const std::function<void()>& action) override {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    int breaks = 0;
    const auto broke = [&](const std::exception& error) {
      connection_.reset();
      const bool late = std::chrono::steady_clock::now() > give_up;
      // Once more even when told to end: a worker gives its step back, also where the connection broke while it slept.
      if (++breaks > 1 || late) throw_if_interrupted();
      if (late) throw unreachable(error);
    };
    for (;;) {
      try {
        if (!connection_) connect();
        // A statement is a transaction of its own: one message each way instead of three.
        if (work == Work::changes) {
          attempt<pqxx::work>(action);
        } else {
          attempt<pqxx::nontransaction>(action);
        }
        return;
      } catch (const pqxx::broken_connection& error) {
        broke(error);
      } catch (const pqxx::deadlock_detected& error) {  // the server has ended one of two: the other goes on
        if (std::chrono::steady_clock::now() > give_up)
          throw Error(name_ + ": " + fact(error) + "; try again", Exit::store);
      } catch (const pqxx::failure& error) {  // statements that fail; in_doubt_error included
        if (connection_ && connection_->is_open()) {
          throw Error(name_ + ": " + fact(error) + "; mend the database or use another one", Exit::store);
        }
        broke(error);
      } catch (const Error&) {
        if (connection_) throw;
        if (std::chrono::steady_clock::now() > give_up) throw;
      }
      std::this_thread::sleep_for(kReconnectPause);
    }
  }

  void lock_search() override {
    // The server takes a moment to notice that the process of a killed search is gone.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (locked_ = true; !try_lock(*connection_);) {
      if (std::chrono::steady_clock::now() > give_up) {
        throw Error(name_ + ": another search is using this study; wait for its end or use another database",
                    Exit::store);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  bool search_runs() override { return run(kLocked, {}).at(0)[0] != "0"; }
  /// A query of its own, which is answered once and not for each row.
  [[nodiscard]] const char* now() const override {
    return "(SELECT extract(epoch FROM clock_timestamp())::double precision)";
  }
  [[nodiscard]] bool one_clock() const override { return true; }
  [[nodiscard]] const char* skip_locked() const override { return " FOR UPDATE SKIP LOCKED"; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  template <class Transaction>
  void attempt(const std::function<void()>& action) {
    const Watched watched(watchdog_, *connection_);  // also while a transaction that has failed is taken back
    Transaction work(*connection_);
    work_ = &work;
    action();
    work.commit();
  }
  void connect() {
    try {
      connection_ = std::make_unique<pqxx::connection>(with_timeouts(url_));
      const Watched watched(watchdog_, *connection_);
      pqxx::nontransaction(*connection_).exec("SET client_min_messages = warning");
      require_schema(*connection_);
      if (!locked_ || try_lock(*connection_)) return;
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {  // std::invalid_argument for a URL that is none
      connection_.reset();
      throw_if_interrupted();
      throw unreachable(error);
    }
    // Without a connection the caller tries again: the server may not have noticed yet that our own old one is gone.
    connection_.reset();
    throw Error(name_ + ": another search has taken this study over; wait for its end", Exit::store);
  }
  void require_schema(pqxx::connection& connection) const {
    if (!pqxx::nontransaction(connection).exec1("SELECT current_schema()")[0].is_null()) return;
    throw Error(name_ + ": none of the schemas in its search_path exists; create one or mend the URL", Exit::store);
  }
  static bool try_lock(pqxx::connection& connection) {
    return pqxx::nontransaction(connection).exec1(kTryLock)[0].as<bool>();
  }
  [[nodiscard]] Error unreachable(const std::exception& error) const {
    return Error{name_ + ": cannot be reached: " + fact(error) + "; start the server or mend the URL", Exit::store};
  }
  [[nodiscard]] std::string fact(const std::exception& error) const {
    return first_line(without_secrets(error.what(), url_));
  }

  std::string url_, name_;
  Watchdog watchdog_;
  std::unique_ptr<pqxx::connection> connection_;
  pqxx::transaction_base* work_ = nullptr;
  bool locked_ = false;
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url) { return std::make_unique<PostgresDatabase>(url); }

}  // namespace kws
