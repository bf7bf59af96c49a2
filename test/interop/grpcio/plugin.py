"""
A plugin with AutoMTLS on grpcio, whose TLS is BoringSSL. Arguments: the directory of its key.pem and cert.pem. Its greeter answers with the
name; a name that is a number is a broker id of the host, whose greeter is asked instead.
"""

import base64
import os
import queue
import re
import ssl
import sys
import threading
from concurrent import futures

import grpc

DIRECTORY = sys.argv[1]
HOST = os.environ["PLUGIN_CLIENT_CERT"].encode()
GREET = "/greeter.v1.Greeter/Greet"
announced = queue.Queue()
ended = threading.Event()


def read(name):
    with open(os.path.join(DIRECTORY, name), "rb") as file:
        return file.read()


KEY, CERTIFICATE = read("key.pem"), read("cert.pem")


def greet(request, _context):
    name = request[2:]
    if not name.isdigit():
        return request
    # ConnInfo: an id below 128, a network, an address.
    info = announced.get(timeout=30)
    address = re.fullmatch(rb"\x08(.)\x12\x04unix\x1a.(.*)", info, re.DOTALL)
    assert address is not None and address[1][0] == int(name), info
    credentials = grpc.ssl_channel_credentials(HOST, KEY, CERTIFICATE)
    options = [("grpc.ssl_target_name_override", "localhost")]
    with grpc.secure_channel(f"unix:{address[2].decode()}", credentials, options) as channel:
        return channel.unary_unary(GREET)(request, timeout=30)


def start_stream(requests, _context):
    for info in requests:
        announced.put(info)
    yield from ()


def shutdown(_request, _context):
    ended.set()
    return b""


def service(name, **methods):
    return grpc.method_handlers_generic_handler(name, methods)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
server.add_generic_rpc_handlers(
    [
        service(GREET.split("/")[1], Greet=grpc.unary_unary_rpc_method_handler(greet)),
        service("grpc.health.v1.Health", Check=grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"\x08\x01")),
        service("plugin.GRPCBroker", StartStream=grpc.stream_stream_rpc_method_handler(start_stream)),
        service("plugin.GRPCController", Shutdown=grpc.unary_unary_rpc_method_handler(shutdown)),
    ]
)
path = os.path.join(DIRECTORY, "plugin.sock")
credentials = grpc.ssl_server_credentials([(KEY, CERTIFICATE)], HOST, require_client_auth=True)
server.add_secure_port(f"unix:{path}", credentials)
server.start()
der = base64.b64encode(ssl.PEM_cert_to_DER_cert(CERTIFICATE.decode())).decode().rstrip("=")
print(f"1|1|unix|{path}|grpc|{der}", flush=True)
ended.wait()
server.stop(5).wait()
