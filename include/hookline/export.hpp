#pragma once

/// Marks what the library exports; everything else is built with hidden symbols.
#if defined(__GNUC__) || defined(__clang__)
#define HOOKLINE_API __attribute__((visibility("default")))
#else
#define HOOKLINE_API
#endif
