import CausewayBytes
import Testing

@testable import CausewayCore

@Suite struct DomainSetTests {
    private func set(_ domains: String...) -> DomainSet {
        DomainSet(domains.compactMap { DomainName($0.utf8) })
    }

    private func name(_ text: String) throws -> DomainName {
        try #require(DomainName(text.utf8))
    }

    @Test(arguments: ["example.com", "EXAMPLE.com", "www.example.com", "a.b.example.com.", "x.test", "*.x.test"])
    func `has its domains and what is below them`(text: String) throws {
        #expect(try self.set("Example.com", "*.x.test").contains(self.name(text)))
    }

    @Test(arguments: ["com", "notexample.com", "example.com.org", "example.co", "xample.com", ".", "example.com.."])
    func `has nothing beside and above them`(text: String) throws {
        #expect(try self.set("example.com", "x.test").contains(self.name(text)) == false)
    }

    @Test func `a dot or a star before a domain means nothing more`() throws {
        #expect(try self.set(".example.com").contains(self.name("example.com")))
        #expect(try self.set("*.example.com").contains(self.name("example.com")))
        #expect(self.set(".").isEmpty)
    }

    @Test func `finds each of many`() throws {
        let domains = try (0..<5_000).map { try self.name("d\($0).example") }
        let set = DomainSet(domains)
        #expect(domains.allSatisfy(set.contains))
        for number in 5_000..<10_000 {
            #expect(try !set.contains(self.name("d\(number).example")))
        }
    }

    @Test func `an empty set has nothing`() throws {
        #expect(try self.set().contains(self.name("a")) == false)
    }
}
