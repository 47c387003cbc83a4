#pragma once

#include <span>
#include <string_view>

namespace couponsync {

/// The SQL files of `schema/`, embedded at build time: the migrations in the order of their numbers, from 1.
std::span<const std::string_view> schema_migrations();

/// Drops and makes all views: run after the last migration.
std::string_view schema_views();

}  // namespace couponsync
