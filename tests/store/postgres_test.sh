#!/bin/bash
# The tests of the study store and of workers against a real PostgreSQL server.
#   postgres_test.sh KWS_UNIT_TESTS SOURCE_DIR FILTER
set -euo pipefail
unit_tests=$1
. "$2/tests/store/postgres.sh"
start_postgres
KWS_TEST_POSTGRES=$POSTGRES "$unit_tests" --gtest_filter="$3"
