// Asio and Beast, compiled once for the sandbox, which shares nothing with the library.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
