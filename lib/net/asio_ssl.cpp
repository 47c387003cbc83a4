// Boost.Asio's TLS compiled once (BOOST_ASIO_SEPARATE_COMPILATION); the rest of Asio is in lib/base/asio.cpp.
#include <boost/asio/ssl/impl/src.hpp>
