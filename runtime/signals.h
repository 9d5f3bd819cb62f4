/* signals.h - signals to the process, inside of runtime/ only. */
#ifndef CLEAT_SIGNALS_H
#define CLEAT_SIGNALS_H

#include "engine.h"

/* The number of a signal that apps may handle ("SIGTERM", …), 0 for others. */
int rt_signal_number(const char *name);
/* Sets the handler of a signal (taken over); undefined restores the default. 0, or -1 out of memory. */
int rt_signal_handle(struct rt *rt, int number, JSValue handler);
/* Stops the runtime so that the program ends by this signal once everything is closed. */
void rt_stop_by_signal(struct rt *rt, int number);
/* From now on SIGINT and SIGTERM end the runtime in order when nothing listens for them. For programs that
 * own their process; a library leaves signals alone. 0, or -1. */
int rt_signals_default(struct rt *rt);
/* From the engine's interrupt poll: whether SIGINT or SIGTERM wants to end a turn that does not end by
 * itself. */
bool rt_signals_interrupt(struct rt *rt);
void rt_signals_close(struct rt *rt);

#endif
