import CausewayWire
import Testing

@Suite struct ServerURITests {
    @Test(arguments: [
        (
            "entry.example.net", "alice", "AA+/==:BB==",
            "ss://2022-blake3-aes-128-gcm:AA%2B%2F%3D%3D%3ABB%3D%3D@entry.example.net:443#alice"
        ),
        ("2001:db8::1", "", "x", "ss://2022-blake3-aes-128-gcm:x@[2001:db8::1]:443"),
        ("10.0.0.1", "a b/\u{fc}", "x", "ss://2022-blake3-aes-128-gcm:x@10.0.0.1:443#a%20b%2F%C3%BC"),
    ])
    func `percent-encodes what has a meaning`(host: String, name: String, password: String, expected: String) {
        let uri = ServerURI(method: .aes128GCM, password: password, host: host, port: 443, name: name)
        #expect(uri.text == expected)
    }
}
