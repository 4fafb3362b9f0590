package org.opendvx.coordinator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "org.opendvx.coordinator",
    importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
  @ArchTest
  static final ArchRule packagesAreFreeOfCycles =
      slices().matching("org.opendvx.coordinator.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule itKnowsTheCoreAndNoAdapter =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.opendvx.vsphere..", "org.opendvx.rhv..", "org.opendvx.server..");
}
