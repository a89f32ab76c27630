import Testing

@testable import CausewayFronts

@Suite struct BasicCredentialsTests {
    private func read(_ value: String) -> [String]? {
        BasicCredentials(Array(value.utf8)[...]).map { [$0.name.text, $0.password.text] }
    }

    @Test func `splits at the first colon`() {
        #expect(self.read("Basic YWxpY2U6c2VjcmV0") == ["alice", "secret"])
        #expect(self.read("Basic YTpiOmM=") == ["a", "b:c"])
        #expect(self.read("Basic Og==") == ["", ""])
        // The example of RFC 7617 section 2.1, a pound sign in UTF-8.
        #expect(self.read("Basic dGVzdDoxMjPCow==") == ["test", "123£"])
    }

    @Test func `reads the scheme in any case and behind any blanks`() {
        #expect(self.read("bAsIC   YTpi") == ["a", "b"])
    }

    @Test(arguments: [
        "", "Basic", "Basic ", "YTpi", "BasicYTpi", "Bearer YTpi", "Basic YWI=", "Basic YTpi YTpi", "Basic YTp",
        "Basic !",
    ])
    func `refuses what holds no name and password`(value: String) {
        #expect(self.read(value) == nil)
    }
}
