/* handle.h - the one life of everything that owns a descriptor: NEW -> OPEN -> CLOSING -> CLOSED, never back.
 * Closing twice is fine; once closing has begun the only callback left is the one that says that it ended,
 * and it comes from the loop, never from inside the call that asked for it. */
#ifndef CLEAT_IO_HANDLE_H
#define CLEAT_IO_HANDLE_H

#include <stdint.h>

enum io_state {
    IO_NEW,     /* no descriptor yet */
    IO_OPEN,    /* owns a descriptor */
    IO_CLOSING, /* on the way out: events are over, the descriptor may still be flushing */
    IO_CLOSED,  /* nothing is left in the loop; the memory may be freed */
};

#endif
