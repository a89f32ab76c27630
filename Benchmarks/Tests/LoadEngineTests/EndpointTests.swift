import LoadEngine
import Testing

@Suite struct EndpointTests {
    @Test func `text is read and written alike`() {
        let endpoint = Endpoint("127.0.1.2:8080")
        #expect(endpoint == Endpoint(host: Endpoint.loopback(1, 2), port: 8080))
        #expect(endpoint?.description == "127.0.1.2:8080")
    }

    @Test(arguments: ["", "127.0.0.1", "127.0.0:1", "127.0.0.256:1", "127.0.0.1:65536", "127.0.0.1:1:2", "a.b.c.d:1"])
    func `anything else is refused`(text: String) {
        #expect(Endpoint(text) == nil)
    }
}
