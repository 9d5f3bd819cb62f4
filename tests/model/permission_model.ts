// permission_model.ts - what docs/permissions.md says, as a program: a second, independent implementation of the
// permission gate, which tests/node/permission_model.test.mjs holds against the one in C. Written for clearness and
// with other means: hosts are intervals of numbers and lists of labels, where the C compares prefixes and strings. Not
// here: texts and errors of rules, the prompt, anything that runs on a device.
import {
    type Address,
    type AddressClass,
    type FindInterface,
    behind,
    classify,
    parseHost,
} from "./host_model.ts";
import {
    type Hosts,
    type Operation,
    type Scope,
    allClasses,
    covers,
    eitherTransport,
    everyClass,
    everything,
    hostsOf,
    interfaceName,
    isLocal,
    isNear,
    meets,
    nearClasses,
    onlyTls,
    operations,
    parsePort,
    parseRuleHost,
    possible,
    splitTarget,
    takesNames,
    usualClasses,
} from "./scope_model.ts";

export { parseHost };

export type State = "granted" | "denied" | "prompt";

/** A question; `host` as it is written, null for any; port -1 and interface 0 for any. */
export interface Query {
    readonly operation: Operation;
    readonly host: string | null;
    readonly port: number;
    readonly interface: number;
    /** Of tcp.connect: encrypted from the first byte. */
    readonly secure: boolean;
}

interface Once {
    readonly rule: Scope;
    used: boolean;
}

/** The permissions of one run. */
export class PermissionModel {
    readonly #interfaces: ReadonlyMap<string, number>;
    readonly #allowed: Scope[] = [];
    readonly #denied: Scope[] = [];
    readonly #declared: Scope[] = [];
    readonly #own: Address[] = [];
    #once: Once[] = [];
    #limited = false;
    #canAsk = false;

    constructor(interfaces: ReadonlyMap<string, number>) {
        this.#interfaces = interfaces;
    }

    readonly findInterface: FindInterface = (text) => {
        const named = this.#interfaces.get(text);
        if (named !== undefined) {
            return named;
        }
        const number = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 0;
        return [...this.#interfaces.values()].includes(number) ? number : 0;
    };

    limit(): void {
        this.#limited = true;
    }

    ask(): void {
        this.#canAsk = true;
    }

    all(): void {
        this.#allowed.push({
            operations: new Set(operations),
            hosts: { kind: "any" },
            ports: everything,
            interface: null,
            classes: allClasses,
            transports: eitherTransport,
        });
    }

    /** An address of this device. */
    own(text: string): void {
        const host = parseHost(text, this.findInterface);
        if (host?.kind === "address") {
            this.#own.push(host.address);
        }
    }

    allow(text: string): boolean {
        return this.#add(this.#allowed, text, false);
    }

    deny(text: string): boolean {
        return this.#add(this.#denied, text, true);
    }

    declare(text: string): boolean {
        return this.#add(this.#declared, text, false);
    }

    grant(query: Query): boolean {
        const rule = this.#answer(query, true);
        if (rule !== null) {
            this.#allowed.push(rule);
        }
        return rule !== null;
    }

    refuse(query: Query): boolean {
        const rule = this.#answer(query, false);
        if (rule !== null) {
            this.#denied.push(rule);
        }
        return rule !== null;
    }

    once(query: Query): boolean {
        const rule = this.#answer(query, true);
        if (rule !== null) {
            if (this.#once.length === 16) {
                const used = this.#once.findIndex((once) => once.used);
                this.#once.splice(used < 0 ? 0 : used, 1);
            }
            this.#once.push({ rule, used: false });
        }
        return rule !== null;
    }

    state(query: Query): State {
        return this.#judge(query).state;
    }

    use(query: Query): State {
        const { state, once } = this.#judge(query);
        if (once !== null) {
            once.used = true;
        }
        return state;
    }

    /** Whether an address that the question's name resolved to may be used. */
    address(query: Query, text: string): boolean {
        const asked = this.#question(query);
        const host = parseHost(text, this.findInterface);
        if (asked === null || host?.kind !== "address") {
            return false;
        }
        const { address } = host;
        const plain = behind(address);
        const ownForm: Address =
            address.family === 6 && address.value >> 32n === 0xffffn && plain ? plain : address;
        if (query.operation === "tls.insecure" && !isNear(ownForm)) {
            return false;
        }
        const found = this.#isOwn(address) ? "loopback" : classify(address);
        if (
            found === "multicast" ||
            found === "broadcast" ||
            address.value === 0n ||
            behind(address)?.value === 0n ||
            (address.zone !== 0 && asked.scope.interface !== null && asked.scope.interface !== address.zone)
        ) {
            return false;
        }
        const at = (where: Address): Scope => ({
            ...asked.scope,
            hosts: { kind: "block", family: where.family, first: where.value, last: where.value },
            interface: address.zone !== 0 ? address.zone : asked.scope.interface,
        });
        const inner = behind(address);
        const scopes = [at(address), asked.scope, ...(inner === null ? [] : [at(inner)])];
        if (
            this.#denied.some((rule) => rule.classes.has(found) && scopes.some((scope) => meets(rule, scope)))
        ) {
            return false;
        }
        const permits = (rule: Scope): boolean => rule.classes.has(found) && this.#coversFor(rule, asked);
        const grants = [...this.#allowed, ...this.#once.map(({ rule }) => rule)];
        return grants.some(permits) && this.#isDeclared(query, permits);
    }

    #isOwn(address: Address): boolean {
        const plain = behind(address) ?? address;
        return this.#own.some(
            (own) => own.family === plain.family && own.value === plain.value && own.zone === plain.zone,
        );
    }

    #add(list: Scope[], text: string, denying: boolean): boolean {
        const rule = this.#parse(text, denying);
        if (rule !== null) {
            list.push(rule);
        }
        return rule !== null;
    }

    #parse(text: string, denying: boolean): Scope | null {
        const match = /^([^=,@]*)(?:=([^,@]*))?((?:,[^,@]*)*)(?:@(.*))?$/.exec(text);
        if (match === null) {
            return null;
        }
        const [, operationText = "", target, classText = "", interfaceText] = match;
        const found: Operation[] =
            operationText === "multicast"
                ? ["multicast.join", "multicast.send"]
                : operations.filter((operation) => operation === operationText);
        const [operation] = found;
        if (operation === undefined || (interfaceText !== undefined && !interfaceName.test(interfaceText))) {
            return null;
        }
        let hosts: Hosts = { kind: "any" };
        let ports: readonly [number, number] | null = everything;
        let zone = "";
        let name = false;
        if (target !== undefined && isLocal(operation) && /^[0-9-]+$/.test(target)) {
            ports = parsePort(target);
        } else if (target !== undefined) {
            const split = splitTarget(target);
            const host = split === null ? null : parseRuleHost(operation, split.host);
            if (split === null || host === null) {
                return null;
            }
            ({ hosts, zone, name } = host);
            ports = parsePort(split.port);
        }
        if (ports === null || (zone !== "" && (interfaceText ?? zone) !== zone)) {
            return null;
        }
        const modifiers = classText === "" ? [] : classText.slice(1).split(",");
        const named = modifiers.filter((item) => item !== "tls");
        const tls = modifiers.length > named.length;
        if (tls && (denying || operation !== "tcp.connect")) {
            return null;
        }
        const known: readonly string[] =
            operation === "tls.insecure"
                ? ["local", "link-local", "loopback"]
                : ["public", "local", "link-local", "loopback"];
        if (!named.every((item) => known.includes(item)) || (named.length > 0 && !takesNames(operation))) {
            return null;
        }
        let classes: ReadonlySet<AddressClass> = new Set(everyClass.filter((item) => named.includes(item)));
        if (named.length === 0) {
            classes =
                name && !denying && hosts.kind !== "any" && hosts.kind !== "block"
                    ? usualClasses(hosts.labels)
                    : allClasses;
            if (operation === "tls.insecure" && !denying) {
                classes = nearClasses;
            }
        }
        const on = interfaceText ?? zone;
        const number = /^[1-9][0-9]*$/.test(on) ? Number(on) : (this.#interfaces.get(on) ?? "?");
        return {
            operations: new Set(found),
            hosts,
            ports,
            interface: on === "" ? null : number,
            classes,
            transports: tls ? onlyTls : eitherTransport,
        };
    }

    /** A question as a set, with the class of its address (null for any host and for names). */
    #question(query: Query): { scope: Scope; addressClass: AddressClass | null; name: boolean } | null {
        const { operation, port } = query;
        if (port < -1 || port > 65535) {
            return null;
        }
        let hosts: Hosts = { kind: "any" };
        let on = query.interface === 0 ? null : query.interface;
        let addressClass: AddressClass | null = null;
        const host = query.host === null ? null : parseHost(query.host, this.findInterface);
        if (host?.kind === "name") {
            if (!takesNames(operation)) {
                return null;
            }
            hosts = host;
        } else if (host?.kind === "address") {
            const { zone } = host.address;
            addressClass = classify(host.address);
            const near = operation !== "tls.insecure" || isNear(host.address);
            if (!near || !possible(operation, addressClass) || (zone !== 0 && on !== null && zone !== on)) {
                return null;
            }
            if (this.#isOwn(host.address)) {
                addressClass = "loopback";
            }
            hosts = hostsOf(operation, host.address);
            on = zone !== 0 ? zone : on;
        }
        return {
            scope: {
                operations: new Set([operation]),
                hosts,
                ports: port < 0 ? everything : [port, port],
                interface: on,
                classes: allClasses,
                transports: query.secure && operation === "tcp.connect" ? onlyTls : eitherTransport,
            },
            addressClass,
            name: host?.kind === "name",
        };
    }

    /** Covers, classes included: those of a name are looked at when it is resolved. */
    #coversFor(
        rule: Scope,
        asked: { scope: Scope; addressClass: AddressClass | null; name: boolean },
    ): boolean {
        const everywhere = asked.scope.operations.has("tls.insecure") ? nearClasses : allClasses;
        const all = [...everywhere].every((item) => rule.classes.has(item));
        const fits =
            asked.name || all || (asked.addressClass !== null && rule.classes.has(asked.addressClass));
        return fits && covers(rule, asked.scope);
    }

    #isDenied(
        asked: { scope: Scope; addressClass: AddressClass | null; name: boolean },
        query: Query,
    ): boolean {
        const host = query.host === null ? null : parseHost(query.host, this.findInterface);
        const inner = host?.kind === "address" ? behind(host.address) : null;
        const scopes = [asked.scope];
        if (inner !== null) {
            scopes.push({
                ...asked.scope,
                hosts: { kind: "block", family: 4, first: inner.value, last: inner.value },
            });
        }
        return this.#denied.some((rule) => {
            const all = rule.classes.size === allClasses.size;
            const waits = asked.name && !all;
            const spared = asked.addressClass !== null && !rule.classes.has(asked.addressClass);
            return !waits && !spared && scopes.some((scope) => meets(rule, scope));
        });
    }

    #judge(query: Query): { state: State; once: Once | null } {
        const asked = this.#question(query);
        if (
            asked === null ||
            this.#isDenied(asked, query) ||
            !this.#isDeclared(query, (rule) => this.#coversFor(rule, asked))
        ) {
            return { state: "denied", once: null };
        }
        if (this.#allowed.some((rule) => this.#coversFor(rule, asked))) {
            return { state: "granted", once: null };
        }
        const once = this.#once.find(({ used, rule }) => !used && this.#coversFor(rule, asked));
        if (once !== undefined) {
            return { state: "granted", once };
        }
        return { state: this.#canAsk ? "prompt" : "denied", once: null };
    }

    /** Without a manifest everything may be granted, except that a peer is not verified. */
    #isDeclared(query: Query, fits: (rule: Scope) => boolean): boolean {
        return this.#limited ? this.#declared.some(fits) : query.operation !== "tls.insecure";
    }

    /** What an answer to a question then grants or denies. */
    #answer(query: Query, yes: boolean): Scope | null {
        const asked = this.#question(query);
        if (asked === null) {
            return null;
        }
        const { hosts } = asked.scope;
        const usual = yes && !this.#limited && hosts.kind === "name";
        return {
            ...asked.scope,
            classes: usual ? usualClasses(hosts.labels) : allClasses,
            transports: yes ? asked.scope.transports : eitherTransport,
        };
    }
}
