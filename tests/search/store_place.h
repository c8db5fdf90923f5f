#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "fake_evaluator.h"

namespace kws::testing {

/// Where the stores of a test run can be: SQLite, and the PostgreSQL server that KWS_TEST_POSTGRES names (see
/// tests/store/postgres_test.sh).
inline std::vector<std::string> stores() {
  const char* url = std::getenv("KWS_TEST_POSTGRES");
  return url == nullptr ? std::vector<std::string>{""} : std::vector<std::string>{"", url};
}
inline std::string store_name(const ::testing::TestParamInfo<std::string>& info) {
  return info.param.empty() ? "sqlite" : "postgres";
}

/// A place for one study, gone at the end: a folder, and a schema of its own in the server.
class StorePlace {
 public:
  explicit StorePlace(const std::string& server) : server_(server) {
    if (server.empty()) return;
    schema_ = folder.path.filename();
    for (char& one : schema_) one = static_cast<char>(std::tolower(one));
    execute("CREATE SCHEMA " + schema_);
    url = server + "?options=-csearch_path%3D" + schema_;
  }
  ~StorePlace() {
    if (!schema_.empty()) execute("DROP SCHEMA " + schema_ + " CASCADE");
  }
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;

  [[nodiscard]] std::string study() const { return url.empty() ? folder.path.string() : url; }
  [[nodiscard]] Study open(const Json& config) const { return {folder.path, config, url}; }
  [[nodiscard]] Study join() const { return Study::join(study(), true); }

  StudyFolder folder;
  std::string url = "";

 private:
  void execute(const std::string& sql) const {
    pqxx::connection connection(server_);
    pqxx::nontransaction(connection).exec("SET client_min_messages = warning; " + sql);
  }
  std::string server_, schema_;
};

/// Tests of what must hold for every store.
class StoredStudy : public ::testing::TestWithParam<std::string> {
 protected:
  StorePlace place{GetParam()};
};

/// A step that a worker works on.
inline Lease taken(Study& study, const Lease& step) {
  study.offer(0, step);
  return study.claim("worker", 60.0).value();
}
inline void deliver(Study& study, const Lease& step, const TrialResult& result) {
  EXPECT_TRUE(study.finish(taken(study, step), result));
}

}  // namespace kws::testing
