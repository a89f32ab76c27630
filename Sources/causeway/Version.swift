/// Which Causeway this is.
enum Version {
    static let text = "0.1.0"

    /// The language's compiler, as precisely as one can ask for it while compiling.
    static var swift: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
