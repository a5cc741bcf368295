#pragma once

// Everything of the database layer but JSON conversion and the blocking connection.
#include <quell/db/connection.hpp>
#include <quell/db/copy.hpp>
#include <quell/db/deadline.hpp>
#include <quell/db/error.hpp>
#include <quell/db/loading.hpp>
#include <quell/db/model.hpp>
#include <quell/db/notify.hpp>
#include <quell/db/pipeline.hpp>
#include <quell/db/pool.hpp>
#include <quell/db/result.hpp>
#include <quell/db/select.hpp>
#include <quell/db/session.hpp>
#include <quell/db/statement.hpp>
#include <quell/db/stream.hpp>
#include <quell/db/transact.hpp>
#include <quell/db/types.hpp>
