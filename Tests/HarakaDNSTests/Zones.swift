// Zones that a real name server serves for the tests.

enum Zones {
    /// File and content by name of the zone.
    static let all = [
        "example.com": plain, "2.0.192.in-addr.arpa": reverse4, "8.b.d.0.1.0.0.2.ip6.arpa": reverse6,
        "signed.example": signed,
    ]

    /// Not signed.
    static let plain = """
        $ORIGIN example.com.
        $TTL 300
        @       IN SOA ns hostmaster 1 3600 600 86400 60
        @       IN NS  ns
        @       IN MX  20 backup
        @       IN MX  10 mx
        @       IN MX  10 MX2
        ns      IN A   127.0.0.1
        mx      IN A   192.0.2.1
        mx      IN A   192.0.2.2
        mx      IN AAAA 2001:db8::1
        null    IN MX  0 .
        strings IN TXT "v=spf1 " "include:example.net " "-all"
        long    IN TXT "\(String(repeating: "a", count: 200))" "\(String(repeating: "b", count: 200))"
        www     IN CNAME one
        one     IN CNAME mx
        round   IN CNAME about
        about   IN CNAME round
        _25._tcp.mx IN TLSA 3 1 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        """

    /// Addresses of documentation (RFC 5737, 3849), which resolvers like to answer by themselves.
    static let reverse4 = """
        $ORIGIN 2.0.192.in-addr.arpa.
        $TTL 300
        @ IN SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 60
        @ IN NS  ns.example.com.
        1 IN PTR MX.example.com.
        """

    /// The same for IPv6.
    static let reverse6 = """
        $ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.
        $TTL 300
        @ IN SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 60
        @ IN NS  ns.example.com.
        1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 IN PTR mx.example.com.
        """

    /// Signed until 2085 by a key that was not kept (ldns-signzone). The address of `broken` was changed afterwards.
    static let signed = """
        $ORIGIN signed.example.
        @ 300 IN SOA ns.signed.example. hostmaster.signed.example. 1 3600 600 86400 60
        @ 300 IN RRSIG ( SOA 13 2 300 20851231000000 20200101000000 46620
            signed.example. O6pEk0fsbD43R3buLiKVzF+GT8e/vAnSTYLSgt8EmaCg3DavIRg0WP1OdWXL04RNk0LD2z7ZtttNdMLKUZru9w== )
        @ 300 IN NS ns.signed.example.
        @ 300 IN RRSIG ( NS 13 2 300 20851231000000 20200101000000 46620
            signed.example. XYIxH2SKJI4VFXdRExaFGYqIvBm8QTpMDAHGqO2dKfEZm9INeNctTzeBegD/q2oAJZGDvRNJ3p1vZYv++APIkA== )
        @ 300 IN MX 10 mx.signed.example.
        @ 300 IN RRSIG ( MX 13 2 300 20851231000000 20200101000000 46620
            signed.example. 6PY4A2qoUBWpBwfr05DYpXFgZSvzf3kot8PVICEIdfGms3COmwaff4qZY4gXiWUN3Gd62NFwg3o1eBrzVeFmmg== )
        @ 300 IN DNSKEY ( 257 3 13
            0mtyrsAc3/7dzGUQXiRK89U3OLYiP/V8X8FgBh7ysr6NdikXZ1cLnTdmM9UBzxIOseoqKM/oYacA08EaiS0oaA== )
        @ 300 IN RRSIG ( DNSKEY 13 2 300 20851231000000 20200101000000 46620
            signed.example. b5j3vCgtd0+6lrqyKwRLL4xtr/wDQ7NIUKPaN5avzYwlcrutZqP0cNFdUT8rxuUGqMH9rTstD9OApd5+KSLYNw== )
        @ 60 IN NSEC alias.signed.example. NS SOA MX RRSIG NSEC DNSKEY
        @ 60 IN RRSIG ( NSEC 13 2 60 20851231000000 20200101000000 46620
            signed.example. SnCI67xwwhUi9+Cf+ScVQjl4tPjH9qhY/a2ngFPMsYitmJgF7GoHUU7srsMu6vAZw4A27XqujEgGdMqOlXMwBQ== )
        alias 300 IN CNAME mx.signed.example.
        alias 300 IN RRSIG ( CNAME 13 3 300 20851231000000 20200101000000 46620
            signed.example. ymAaF3UU3h/SvNxAm9dXuaWq7As+8DM56WaqlGvdfNPAaTGZM0GY6nDCvjCw5HtAasTwnhUPOjDJf4CZOtOvSg== )
        alias 60 IN NSEC broken.signed.example. CNAME RRSIG NSEC
        alias 60 IN RRSIG ( NSEC 13 3 60 20851231000000 20200101000000 46620
            signed.example. CuwT6SI7V4ADfoWx0gJWDTO8U7bwKw6u3WxiKt1sypRxrFFK5hxgXLPhTsANlDDJCrKJWClggtJZ7Ew3xUpcxw== )
        broken 300 IN A 192.0.2.99
        broken 300 IN RRSIG ( A 13 3 300 20851231000000 20200101000000 46620
            signed.example. Trd+sSA0cEdcISNBEU6d69f5SsF032AcjGlpNYZAMajhpJdlR4U0+Mx5uvl8G0Z/gRZt2NZi7qntSuweiTB6Kw== )
        broken 60 IN NSEC mx.signed.example. A RRSIG NSEC
        broken 60 IN RRSIG ( NSEC 13 3 60 20851231000000 20200101000000 46620
            signed.example. BxUDqdYly3d1wj/a4fqPFOfQklqwnVwrqBln7q7o0uAi+pDiu5oo8dqrvyowvmyinMFI2Iye4mNmFp7vajEqpA== )
        mx 300 IN A 192.0.2.1
        mx 300 IN RRSIG ( A 13 3 300 20851231000000 20200101000000 46620
            signed.example. qy5orP1ZMoD//XbYvF6dw3dKWw/WQnhqFgunn7DUTTQjXkrDJXfDXgqRsiOEILXS9EDuus2Y8Jb8MuFhBAkSkQ== )
        mx 60 IN NSEC _25._tcp.mx.signed.example. A RRSIG NSEC
        mx 60 IN RRSIG ( NSEC 13 3 60 20851231000000 20200101000000 46620
            signed.example. OM7k5iBa5I2lLDzb0URdE8IZ7C6c525wQ6RKrEaXeDA09f2F8Q9dY7ZD2NlK2lwLOADS4eCGEi46I9jk83OPrg== )
        _25._tcp.mx 300 IN TLSA 3 1 1 aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899
        _25._tcp.mx 300 IN RRSIG ( TLSA 13 5 300 20851231000000 20200101000000 46620
            signed.example. /F7fVeobe4ZPy6CCZ5ZkLr/OnAYog72n0KnrMqURJfiMlQ1h8Bs8SqN+y+Kmr16gLFDRYBxAalQX1UbN2M7sHg== )
        _25._tcp.mx 60 IN NSEC ns.signed.example. RRSIG NSEC TLSA
        _25._tcp.mx 60 IN RRSIG ( NSEC 13 5 60 20851231000000 20200101000000 46620
            signed.example. BR8darYmuZR94pM4YCriQtyIAsaLhI3ll9CmFA0m62nPoB/mTvFPFLyu7gv5UjtzdH/P7QL/h2QiWRqaHevDnQ== )
        ns 300 IN A 127.0.0.1
        ns 300 IN RRSIG ( A 13 3 300 20851231000000 20200101000000 46620
            signed.example. usgQiYJSA1uLtRp1wTd3SldNKt9mNbeE/PY/2pE7U9tqN8eFbljs5vJ++mdfrwuiyq6fMox+DF6yZ4CqI/4Evw== )
        ns 60 IN NSEC txt.signed.example. A RRSIG NSEC
        ns 60 IN RRSIG ( NSEC 13 3 60 20851231000000 20200101000000 46620
            signed.example. BxZu6KQs1cYk8BO/MCLUi2dec8hvnnIacFMjEewQrADs4iSvuTAHj/XKm2WmHDafTM5OX2BJj/2jm5i8ryIlWA== )
        txt 300 IN TXT "signed" " text"
        txt 300 IN RRSIG ( TXT 13 3 300 20851231000000 20200101000000 46620
            signed.example. avkzoaZky9SX8c6Y8QgAqGw/e/N82R5DZyvTGrvamJeHJWSK8zidTuMduEOjngOC/d2M/JQhd/pkHSiRLkzRiA== )
        txt 60 IN NSEC signed.example. TXT RRSIG NSEC
        txt 60 IN RRSIG ( NSEC 13 3 60 20851231000000 20200101000000 46620
            signed.example. 0klbcp2Kgwg0ZVL7TQgT1I+JUm8E8W2Di1frCzQm8hB47AKRfdHoMekZUS6tnQc0sQW4/xJ7tg4cxypz7y6vcA== )
        """

    /// The key from which the validation of `signed.example` begins.
    static let anchor =
        "signed.example. IN DS 46620 13 2 5cf0a87436e8d3557bd48da66c4dfd93b5604b7bf546e9e7dafd040032ec0bde\n"
}
