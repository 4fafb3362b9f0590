package org.opendvx.vsphere;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.vmware.vim25.mo.ServiceInstance;
import com.vmware.vim25.ws.WSClient;

@AnalyzeClasses(
    packages = "org.opendvx.vsphere",
    importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
  @ArchTest
  static final ArchRule packagesAreFreeOfCycles =
      slices().matching("org.opendvx.vsphere.(*)..").should().beFreeOfCycles();

  /** It would trust any certificate, lose faults, and wait for ever. */
  @ArchTest
  static final ArchRule theLibrarysOwnClientIsNotUsed =
      noClasses()
          .should()
          .dependOnClassesThat()
          .areAssignableTo(WSClient.class)
          .orShould()
          .dependOnClassesThat()
          .areAssignableTo(ServiceInstance.class);

  /** The promise of no stun. */
  @ArchTest
  static final ArchRule noSnapshotIsEverAskedFor =
      noClasses()
          .should()
          .callMethodWhere(
              com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                  com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching(
                      "(?i)create(Secondary)?Snapshot.*")));
}
