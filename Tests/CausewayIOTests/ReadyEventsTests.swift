import CLinux
import Testing

@testable import CausewayIO

@Suite struct ReadyEventsTests {
    @Test func `the events are what the kernel's header calls them`() {
        #expect(ReadyEvents.readable.rawValue == EPOLLIN.rawValue)
        #expect(ReadyEvents.writable.rawValue == EPOLLOUT.rawValue)
        #expect(ReadyEvents.error.rawValue == EPOLLERR.rawValue)
        #expect(ReadyEvents.hangUp.rawValue == EPOLLHUP.rawValue)
        #expect(ReadyEvents.readHangUp.rawValue == EPOLLRDHUP.rawValue)
    }
}
