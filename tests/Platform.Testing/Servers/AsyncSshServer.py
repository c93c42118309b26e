# A second SFTP implementation for tests: asyncssh, with password login and no OpenSSH extensions.
# usage: AsyncSshServer.py PORT HOST_KEY ROOT USER PASSWORD; prints "ready", ends when standard input closes.
import asyncio
import sys
import warnings

warnings.simplefilter("ignore")
import asyncssh  # noqa: E402

port, host_key, root, user, password = sys.argv[1:]


class Login(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, given):
        return username == user and given == password


async def serve():
    await asyncssh.create_server(
        Login, "127.0.0.1", int(port), server_host_keys=[host_key],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root))
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(serve())
