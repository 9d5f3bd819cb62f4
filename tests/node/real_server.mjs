// real_server.mjs - runs a server of Debian without installing it: in namespaces of its own, where its package's files are
// in /usr, its accounts in /etc/passwd, and nothing that it writes to /etc, /var or /run is there afterwards. When the
// process that was started is killed, all of it is gone. No tests here.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { start } from "./example_app.mjs";

const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
/** $1: the package's /usr ("/usr" if it is installed), $2: accounts, the rest: the command. */
const script = `
set -e
usr=$1; accounts=$2; shift 2
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/var /mnt/work-etc /mnt/work-var
if [ "$usr" != /usr ]; then
    mount -t overlay overlay -o "lowerdir=$usr:/usr" /usr
fi
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work-etc /etc
mount -t overlay overlay -o lowerdir=/var,upperdir=/mnt/var,workdir=/mnt/work-var /var
mount -t tmpfs tmpfs /run
id=7700
for name in $accounts; do
    echo "$name:x:$id:$id::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
    echo "$name:x:$id:" >> /etc/group
    mkdir -p "/var/spool/$name"
    chown "$id:$id" "/var/spool/$name"
    id=$((id + 1))
done
"$@" & # no exec: a server that changes its account would not be killed with its parent, this shell is, and all with it
wait $!
`;

const folderOf = (program) =>
    (process.env.PATH ?? "").split(path.delimiter).find((folder) => existsSync(path.join(folder, program)));

/** A reason to skip tests with such servers, or undefined. */
export function cannotRunServers() {
    if (process.getuid() !== 0) {
        return "namespaces with file systems of their own need root";
    }
    const { status } = spawnSync(unshare[0], [
        ...unshare.slice(1),
        "sh",
        "-c",
        script,
        "sh",
        "/usr",
        "",
        "true",
    ]);
    return status === 0 ? undefined : "this machine can't mount file systems in a namespace";
}

/** Starts `command`, whose program is in PATH, with accounts that have a number from 7700 on and a folder in /var/spool. */
export function startServer(t, command, accounts) {
    const usr = path.dirname(folderOf(command[0]));
    const server = start([...unshare, "sh", "-c", script, "sh", usr, accounts.join(" "), ...command]);
    t.after(() => server.stop("SIGKILL"));
    return server;
}
