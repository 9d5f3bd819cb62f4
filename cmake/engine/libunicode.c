/* libunicode.c - the engine's file of this name, as it is. It is compiled by way of this one because GCC
 * knows a static function of a profile by the path of its object, which CMake derives from that of the
 * source: this one is the same for every build folder (cmake/profile.cmake). */
#include <libunicode.c>
