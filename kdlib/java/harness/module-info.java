/** What compiles and runs tests: a module, so that no test looks into its objects. */
module kdlib.harness {
    requires java.logging;
    requires java.management;
    // The JVM that runs a test which names what could forge its result has neither.
    requires static java.compiler;
    requires static jdk.compiler;
    requires static jdk.unsupported;
}
