import CausewayFronts
import Testing

@Suite struct HTTPStatusLineTests {
    @Test func `reads the status as soon as it is there`() throws {
        let line = Array("HTTP/1.1 204 No Content\r\n".utf8)
        for count in 0...line.count {
            let status = try HTTPStatusLine.status(line[..<count])
            #expect(status == (count < HTTPStatusLine.neededCount ? nil : 204))
        }
        #expect(try HTTPStatusLine.status(Array("HTTP/1.0 599".utf8)) == 599)
    }

    @Test(arguments: [
        "HTTP/2 200  OK", "HTTP/1.x 200", "HTTP/1.1  20", "HTTP/1.1 2x0", "HTTP/1.1 099", "HTTP/1.1 600", "S",
    ])
    func `refuses what is none`(text: String) {
        #expect(throws: HTTPStatusLine.Malformed.self) { try HTTPStatusLine.status(Array(text.utf8)) }
    }
}
