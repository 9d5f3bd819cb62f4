// events.ts - Event, EventTarget and the event classes of the runtime; the global object as an event target; `onX`
// attributes. There is no tree of targets, so an event has one target and no path. Not here: who fires what
// (uncaught.ts, abort.ts, cleat.ts).
//
// Spec: DOM §2 (events), HTML §8.1.8.1 (event handlers), §8.1.4 (ErrorEvent, PromiseRejectionEvent).
import { reportError } from "cleat:native/runtime";
import { dataProperty, defineConstants, defineInterface, requireArguments, toDictionary } from "./webidl.ts";

const { apply } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;
// The engine's clock; the global may be replaced later.
const now =
    (globalThis as unknown as { performance?: { now(): number } }).performance?.now ?? ((): number => 0);

// Event ----------------------------------------------------------------------------------------------------------

const BUBBLES = 1;
const CANCELABLE = 2;
const COMPOSED = 4;
const TRUSTED = 8;
const DISPATCHING = 16;
const STOPPED = 32;
const STOPPED_AT_ONCE = 64;
const CANCELED = 128;
const IN_PASSIVE_LISTENER = 256;

const NONE = 0;
const AT_TARGET = 2;

/** Options of the {@link Event} constructor. */
export interface EventInit {
    bubbles?: boolean;
    cancelable?: boolean;
    composed?: boolean;
}

let dispatch: (event: Event, target: EventTarget, trusted: boolean) => boolean;
let isEvent: (value: unknown) => value is Event;

export class Event {
    #type: string;
    #flags: number;
    #target: EventTarget | null = null;
    #currentTarget: EventTarget | null = null;
    #timeStamp: number;

    constructor(type: string, init: EventInit = {}) {
        requireArguments(arguments.length, 1, "Event constructor");
        this.#type = `${type}`;
        const { bubbles, cancelable, composed } = toDictionary(init, "Event options");
        this.#flags = (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0) | (composed ? COMPOSED : 0);
        this.#timeStamp = now();
    }

    get type(): string {
        return this.#type;
    }

    get target(): EventTarget | null {
        return this.#target;
    }

    get srcElement(): EventTarget | null {
        return this.#target;
    }

    get currentTarget(): EventTarget | null {
        return this.#currentTarget;
    }

    composedPath(): EventTarget[] {
        return this.#currentTarget === null ? [] : [this.#currentTarget];
    }

    get eventPhase(): number {
        return this.#currentTarget === null ? NONE : AT_TARGET;
    }

    stopPropagation(): void {
        this.#flags |= STOPPED;
    }

    get cancelBubble(): boolean {
        return (this.#flags & STOPPED) !== 0;
    }

    set cancelBubble(value: boolean) {
        if (value) {
            this.#flags |= STOPPED;
        }
    }

    stopImmediatePropagation(): void {
        this.#flags |= STOPPED | STOPPED_AT_ONCE;
    }

    get bubbles(): boolean {
        return (this.#flags & BUBBLES) !== 0;
    }

    get cancelable(): boolean {
        return (this.#flags & CANCELABLE) !== 0;
    }

    get returnValue(): boolean {
        return (this.#flags & CANCELED) === 0;
    }

    set returnValue(value: boolean) {
        if (!value) {
            this.preventDefault();
        }
    }

    preventDefault(): void {
        if ((this.#flags & (CANCELABLE | IN_PASSIVE_LISTENER)) === CANCELABLE) {
            this.#flags |= CANCELED;
        }
    }

    get defaultPrevented(): boolean {
        return (this.#flags & CANCELED) !== 0;
    }

    get composed(): boolean {
        return (this.#flags & COMPOSED) !== 0;
    }

    get isTrusted(): boolean {
        return (this.#flags & TRUSTED) !== 0;
    }

    get timeStamp(): number {
        return this.#timeStamp;
    }

    initEvent(type: string, bubbles = false, cancelable = false): void {
        requireArguments(arguments.length, 1, "initEvent");
        type = `${type}`;
        if ((this.#flags & DISPATCHING) !== 0) {
            return;
        }
        this.#type = type;
        this.#target = null;
        this.#flags = (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0) | (this.#flags & COMPOSED);
    }

    static {
        isEvent = (value): value is Event => typeof value === "object" && value !== null && #type in value;

        // DOM §2.9 "dispatch" for a path of one target.
        dispatch = (event, target, trusted): boolean => {
            if ((event.#flags & DISPATCHING) !== 0) {
                throw new DOMException("The event is being dispatched already", "InvalidStateError");
            }
            event.#flags = (event.#flags & ~TRUSTED) | DISPATCHING | (trusted ? TRUSTED : 0);
            event.#target = target;
            event.#currentTarget = target;
            const state = stateOf(target);
            if (state !== null) {
                if (state === globalState) {
                    callGlobalHandler(event);
                }
                invoke(event, target, state, true);
                invoke(event, target, state, false);
            }
            event.#currentTarget = null;
            event.#flags &= ~(DISPATCHING | STOPPED | STOPPED_AT_ONCE);
            return (event.#flags & CANCELED) === 0;
        };

        // DOM §2.9 "inner invoke"; lists are never changed in place, so the one at hand is the clone.
        const invoke = (event: Event, target: EventTarget, state: TargetState, capture: boolean): void => {
            if ((event.#flags & STOPPED) !== 0) {
                return;
            }
            const listeners = state.listeners[event.#type];
            if (listeners === undefined) {
                return;
            }
            for (let i = 0; i < listeners.length; i++) {
                const listener = listeners[i]!;
                if (listener.capture !== capture || listener.removed) {
                    continue;
                }
                if (listener.once) {
                    removeListener(state, event.#type, listener);
                }
                if (listener.passive) {
                    event.#flags |= IN_PASSIVE_LISTENER;
                }
                callListener(listener.callback, target, event);
                event.#flags &= ~IN_PASSIVE_LISTENER;
                if ((event.#flags & STOPPED_AT_ONCE) !== 0) {
                    return;
                }
            }
        };
    }
}

defineInterface(Event, "Event", ["type", "defaultPrevented", "cancelable", "timeStamp"]);
defineConstants(Event, { NONE, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 });

// EventTarget ----------------------------------------------------------------------------------------------------

/** An object whose `handleEvent` is called for an event. */
export interface EventListenerObject {
    handleEvent(event: Event): void;
}
type Callback = ((event: Event) => unknown) | EventListenerObject;

/** Options of `addEventListener`. */
export interface AddEventListenerOptions {
    capture?: boolean;
    once?: boolean;
    passive?: boolean;
    signal?: object;
}

interface Listener {
    readonly callback: Callback;
    readonly capture: boolean;
    readonly once: boolean;
    readonly passive: boolean;
    removed: boolean;
    signal: object | null;
    onAbort: (() => void) | null;
}

interface EventHandler {
    callback: object;
    listener: Listener;
}

interface TargetState {
    /** By event type; a list is replaced, never changed. */
    listeners: Record<string, readonly Listener[]>;
    /** The values of `onX` attributes, by event type. */
    handlers: Record<string, EventHandler>;
    observer: ((type: string, count: number) => void) | null;
}

/** What abort.ts does for the `signal` option; it is set when that module is loaded. */
export interface SignalHook {
    isSignal(value: unknown): value is object;
    isAborted(signal: object): boolean;
    add(signal: object, algorithm: () => void): void;
    remove(signal: object, algorithm: () => void): void;
}
let signals: SignalHook | null = null;

export function setSignalHook(hook: SignalHook): void {
    signals = hook;
}

function newState(): TargetState {
    return {
        listeners: { __proto__: null } as unknown as TargetState["listeners"],
        handlers: { __proto__: null } as unknown as TargetState["handlers"],
        observer: null,
    };
}

const globalState = newState();

let isTarget: (value: unknown) => value is EventTarget;
let stateOf: (target: EventTarget) => TargetState | null;
let makeState: (target: EventTarget) => TargetState;

export class EventTarget {
    #state: TargetState | null = null;

    addEventListener(
        type: string,
        callback: Callback | null,
        options?: AddEventListenerOptions | boolean | null,
    ): void {
        const target = receiver(this);
        requireArguments(arguments.length, 2, "addEventListener");
        type = `${type}`;
        checkCallback(callback);
        let capture: boolean;
        let once = false;
        let passive = false;
        let signal: object | null = null;
        if (typeof options === "object" || typeof options === "function") {
            const given = toDictionary(options, "options");
            capture = !!given.capture;
            once = !!given.once;
            passive = !!given.passive;
            const value: unknown = given.signal;
            if (value !== undefined) {
                if (signals === null || !signals.isSignal(value)) {
                    throw new TypeError("addEventListener: options.signal must be an AbortSignal");
                }
                signal = value;
            }
        } else {
            capture = !!options;
        }
        if (callback === null || callback === undefined || (signal !== null && signals!.isAborted(signal))) {
            return;
        }
        const state = makeState(target);
        if (findListener(state, type, callback, capture) === null) {
            appendListener(state, type, {
                callback,
                capture,
                once,
                passive,
                removed: false,
                signal,
                onAbort: null,
            });
        }
    }

    removeEventListener(
        type: string,
        callback: Callback | null,
        options?: { capture?: boolean } | boolean | null,
    ): void {
        const target = receiver(this);
        requireArguments(arguments.length, 2, "removeEventListener");
        type = `${type}`;
        checkCallback(callback);
        const capture =
            typeof options === "object" || typeof options === "function"
                ? !!toDictionary(options, "options").capture
                : !!options;
        const state = stateOf(target);
        const listener = state === null ? null : findListener(state, type, callback, capture);
        if (listener !== null) {
            removeListener(state!, type, listener);
        }
    }

    dispatchEvent(event: Event): boolean {
        const target = receiver(this);
        requireArguments(arguments.length, 1, "dispatchEvent");
        if (!isEvent(event)) {
            throw new TypeError("dispatchEvent: the argument must be an Event");
        }
        return dispatch(event, target, false);
    }

    static {
        isTarget = (value): value is EventTarget =>
            (typeof value === "object" && value !== null && #state in value) || value === globalThis;
        stateOf = (target): TargetState | null =>
            (target as unknown) === globalThis ? globalState : target.#state;
        makeState = (target): TargetState =>
            (target as unknown) === globalThis ? globalState : (target.#state ??= newState());
    }
}

defineInterface(EventTarget, "EventTarget");

/** Web IDL: a call without `this`, as in `addEventListener("error", …)`, means the global object. */
function receiver(self: unknown): EventTarget {
    const target = self ?? globalThis;
    if (!isTarget(target)) {
        throw new TypeError("not an EventTarget");
    }
    return target;
}

function checkCallback(callback: unknown): void {
    if (callback !== undefined && typeof callback !== "object" && typeof callback !== "function") {
        throw new TypeError("the listener must be a function or an object");
    }
}

function findListener(
    state: TargetState,
    type: string,
    callback: unknown,
    capture: boolean,
): Listener | null {
    const listeners = state.listeners[type];
    if (listeners !== undefined) {
        for (let i = 0; i < listeners.length; i++) {
            const listener = listeners[i]!;
            if (listener.callback === callback && listener.capture === capture) {
                return listener;
            }
        }
    }
    return null;
}

function appendListener(state: TargetState, type: string, listener: Listener): void {
    const old = state.listeners[type];
    const list: Listener[] = [];
    const count = old === undefined ? 0 : old.length;
    for (let i = 0; i < count; i++) {
        list[i] = old![i]!;
    }
    list[count] = listener;
    state.listeners[type] = list;
    if (listener.signal !== null) {
        listener.onAbort = (): void => removeListener(state, type, listener);
        signals!.add(listener.signal, listener.onAbort);
    }
    state.observer?.(type, count + 1);
}

function removeListener(state: TargetState, type: string, listener: Listener): void {
    if (listener.removed) {
        return;
    }
    listener.removed = true;
    const old = state.listeners[type]!;
    const list: Listener[] = [];
    let count = 0;
    for (let i = 0; i < old.length; i++) {
        if (old[i] !== listener) {
            list[count++] = old[i]!;
        }
    }
    if (count === 0) {
        delete state.listeners[type];
    } else {
        state.listeners[type] = list;
    }
    if (listener.signal !== null) {
        signals!.remove(listener.signal, listener.onAbort!);
        listener.signal = listener.onAbort = null;
    }
    state.observer?.(type, count);
}

function callListener(callback: Callback, target: EventTarget, event: Event): void {
    try {
        if (typeof callback === "function") {
            apply(callback, target, [event]);
            return;
        }
        const method: unknown = callback.handleEvent;
        if (typeof method !== "function") {
            throw new TypeError("the handleEvent property of the listener is not a function");
        }
        apply(method as (event: Event) => void, callback, [event]);
    } catch (error) {
        reportError(error);
    }
}

/** Fires an event of the runtime itself (`isTrusted` is true). Returns false if it was canceled. */
export function fire(target: EventTarget, event: Event): boolean {
    return dispatch(event, target, true);
}

/** Tells the owner of a target how many listeners a type has, each time that changes. One observer per target. */
export function observeListeners(target: EventTarget, observer: (type: string, count: number) => void): void {
    makeState(target).observer = observer;
}

// Event handlers: onX --------------------------------------------------------------------------------------------

/** Defines `on<type>` attributes on the prototype of a subclass of EventTarget. */
export function defineEventHandlers(prototype: object, types: readonly string[]): void {
    for (let i = 0; i < types.length; i++) {
        defineEventHandler(prototype, types[i]!);
    }
}

function defineEventHandler(prototype: object, type: string): void {
    const name = `on${type}`;
    const accessors = {
        get [name](): object | null {
            return stateOf(receiver(this))?.handlers[type]?.callback ?? null;
        },
        set [name](value: unknown) {
            setEventHandler(receiver(this), type, value);
        },
    };
    defineProperty(prototype, name, getOwnPropertyDescriptor(accessors, name)!);
}

// The handler keeps its place among the listeners until it is set to null.
function setEventHandler(target: EventTarget, type: string, value: unknown): void {
    const state = makeState(target);
    const handler = state.handlers[type];
    if ((typeof value !== "object" || value === null) && typeof value !== "function") {
        if (handler !== undefined) {
            delete state.handlers[type];
            removeListener(state, type, handler.listener);
        }
        return;
    }
    if (handler !== undefined) {
        handler.callback = value;
        return;
    }
    const callback = (event: Event): void => {
        const current = state.handlers[type]?.callback;
        if (typeof current === "function" && apply(current, target, [event]) === false) {
            event.preventDefault();
        }
    };
    const listener: Listener = {
        callback,
        capture: false,
        once: false,
        passive: false,
        removed: false,
        signal: null,
        onAbort: null,
    };
    state.handlers[type] = { callback: value, listener };
    appendListener(state, type, listener);
}

// Subclasses -----------------------------------------------------------------------------------------------------

/** Options of the {@link CustomEvent} constructor. */
export interface CustomEventInit<T = unknown> extends EventInit {
    detail?: T;
}

export class CustomEvent<T = unknown> extends Event {
    #detail: T | null;

    constructor(type: string, init: CustomEventInit<T> = {}) {
        requireArguments(arguments.length, 1, "CustomEvent constructor");
        super(type, init);
        this.#detail = toDictionary(init, "CustomEvent options").detail ?? null;
    }

    get detail(): T | null {
        return this.#detail;
    }

    initCustomEvent(type: string, bubbles = false, cancelable = false, detail: T | null = null): void {
        requireArguments(arguments.length, 1, "initCustomEvent");
        const dispatching = this.currentTarget !== null;
        super.initEvent(type, bubbles, cancelable);
        if (!dispatching) {
            this.#detail = detail;
        }
    }
}

defineInterface(CustomEvent, "CustomEvent", ["detail"]);

/** Options of the {@link ErrorEvent} constructor. */
export interface ErrorEventInit extends EventInit {
    message?: string;
    filename?: string;
    lineno?: number;
    colno?: number;
    error?: unknown;
}

export class ErrorEvent extends Event {
    #message: string;
    #filename: string;
    #lineno: number;
    #colno: number;
    #error: unknown;

    constructor(type: string, init: ErrorEventInit = {}) {
        requireArguments(arguments.length, 1, "ErrorEvent constructor");
        super(type, init);
        const { colno, error, filename, lineno, message } = toDictionary(init, "ErrorEvent options");
        this.#colno = (colno as number) >>> 0;
        this.#error = error;
        this.#filename = filename === undefined ? "" : `${filename}`;
        this.#lineno = (lineno as number) >>> 0;
        this.#message = message === undefined ? "" : `${message}`;
    }

    get message(): string {
        return this.#message;
    }

    get filename(): string {
        return this.#filename;
    }

    get lineno(): number {
        return this.#lineno;
    }

    get colno(): number {
        return this.#colno;
    }

    get error(): unknown {
        return this.#error;
    }
}

defineInterface(ErrorEvent, "ErrorEvent", ["message", "filename", "lineno", "colno", "error"]);

/** Options of the {@link PromiseRejectionEvent} constructor. */
export interface PromiseRejectionEventInit extends EventInit {
    promise: object;
    reason?: unknown;
}

export class PromiseRejectionEvent extends Event {
    #promise: object;
    #reason: unknown;

    constructor(type: string, init: PromiseRejectionEventInit) {
        requireArguments(arguments.length, 2, "PromiseRejectionEvent constructor");
        super(type, init);
        const { promise, reason } = toDictionary(init, "PromiseRejectionEvent options");
        if ((typeof promise !== "object" || promise === null) && typeof promise !== "function") {
            throw new TypeError("PromiseRejectionEvent constructor: init.promise is required");
        }
        this.#promise = promise;
        this.#reason = reason;
    }

    get promise(): object {
        return this.#promise;
    }

    get reason(): unknown {
        return this.#reason;
    }
}

defineInterface(PromiseRejectionEvent, "PromiseRejectionEvent", ["promise", "reason"]);

// The global object as a target ----------------------------------------------------------------------------------

export const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;

// These become plain properties of the global object, which hold whatever an app assigns; dispatch reads them.
export const onerror = null;
export const onunhandledrejection = null;
export const onrejectionhandled = null;

// HTML §8.1.8.1 "the event handler processing algorithm". Deviation: the handler comes before all listeners,
// whenever it was set.
function callGlobalHandler(event: Event): void {
    const { type } = event;
    if (type !== "error" && type !== "unhandledrejection" && type !== "rejectionhandled") {
        return;
    }
    const handler = dataProperty(globalThis, `on${type}`);
    if (typeof handler !== "function") {
        return;
    }
    try {
        if (type === "error" && event instanceof ErrorEvent) {
            const { message, filename, lineno, colno, error } = event;
            if (apply(handler, globalThis, [message, filename, lineno, colno, error]) === true) {
                event.preventDefault();
            }
        } else if (apply(handler, globalThis, [event]) === false) {
            event.preventDefault();
        }
    } catch (error) {
        reportError(error);
    }
}
