"""A real name server on loopback, over UDP and TCP, for zones given as text."""

import asyncio
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SOA = "ns.example. admin.example. 1 3600 600 86400 {negative}"


@dataclass
class NameServer:
    """``zones`` maps names to {type: [records]}; a name that is missing does not exist.

    ``failing`` names get SERVFAIL, ``silent`` ones no answer, ``truncated``
    ones a UDP answer that sends the asker to TCP. ``asked`` counts questions.
    """

    zones: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    ttl: int = 300
    negative: int = 60
    failing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    truncated: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    by_tcp: int = 0
    port: int = 0

    async def __aenter__(self) -> "NameServer":
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._tcp.sockets[0].getsockname()[1]
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), ("127.0.0.1", self.port))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes, *, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        response = dns.message.make_response(query)
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.truncated and not tcp:
            response.flags |= dns.flags.TC
        else:
            self._fill(response, name, kind)
        return response.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(12):
            records = self.zones.get(name)
            if records is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
                break
            if "CNAME" in records and kind != "CNAME":
                self._add(response, name, "CNAME", records["CNAME"])
                name = records["CNAME"][0].rstrip(".")
                continue
            if kind in records:
                self._add(response, name, kind, records[kind])
                return
            break
        soa = dns.rrset.from_text("example.", self.ttl, "IN", "SOA", SOA.format(negative=self.negative))
        response.authority.append(soa)

    def _add(self, response: dns.message.Message, name: str, kind: str, records: list[str]) -> None:
        response.answer.append(dns.rrset.from_text(name + ".", self.ttl, "IN", kind, *records))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.by_tcp += 1
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = self.answer(await reader.readexactly(size), tcp=True)
        if answer:
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        answer = self._server.answer(data, tcp=False)
        if answer:
            self._transport.sendto(answer, addr)
