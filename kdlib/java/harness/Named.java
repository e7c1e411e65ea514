package kdlib.harness;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import javax.lang.model.element.Element;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.ModuleElement;
import javax.lang.model.element.PackageElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;

/** Finds what a statement names that could reach other jobs, as javac has resolved it: no spelling hides it. */
final class Named extends TreePathScanner<Void, Void> {
    private final CompilationUnitTree unit;
    private final long start;
    private final long end;
    private final Trees trees;
    private final SourcePositions positions;
    private final Elements elements;
    private String found = "";

    private Named(JavacTask task, CompilationUnitTree unit, long start, long end) {
        this.unit = unit;
        this.start = start;
        this.end = end;
        trees = Trees.instance(task);
        positions = trees.getSourcePositions();
        elements = task.getElements();
    }

    /** Returns the first such name between two characters of a file that was analysed, or an empty text. */
    static String in(JavacTask task, CompilationUnitTree unit, long start, long end) {
        Named named = new Named(task, unit, start, end);
        named.scan(unit, null);
        return named.found;
    }

    @Override
    public Void scan(Tree tree, Void nothing) {
        // What javac adds has no place of its own.
        long from = tree == null ? -1 : positions.getStartPosition(unit, tree);
        long to = tree == null ? -1 : positions.getEndPosition(unit, tree);
        boolean outside = tree == null || !found.isEmpty() || from >= end || (to >= 0 && to <= start);
        return outside ? null : super.scan(tree, nothing);
    }

    @Override
    public Void visitIdentifier(IdentifierTree tree, Void nothing) {
        look(tree);
        return super.visitIdentifier(tree, nothing);
    }

    @Override
    public Void visitMemberSelect(MemberSelectTree tree, Void nothing) {
        look(tree);
        return super.visitMemberSelect(tree, nothing);
    }

    @Override
    public Void visitMemberReference(MemberReferenceTree tree, Void nothing) {
        look(tree);
        return super.visitMemberReference(tree, nothing);
    }

    @Override
    public Void visitNewClass(NewClassTree tree, Void nothing) {
        look(tree);
        return super.visitNewClass(tree, nothing);
    }

    private void look(Tree tree) {
        Element element = trees.getElement(getCurrentPath());
        if (element == null || positions.getStartPosition(unit, tree) < start) {
            return;
        }
        boolean isType = element instanceof TypeElement;
        Element owner = isType ? element : element.getEnclosingElement();
        if (!(owner instanceof TypeElement)) {
            return; // a local variable, a package
        }
        ModuleElement module = elements.getModuleOf(owner);
        PackageElement inPackage = elements.getPackageOf(owner);
        String name = ((TypeElement) owner).getQualifiedName().toString();
        String member = isType ? "" : element.getSimpleName().toString();
        boolean inJdk = module != null && !module.isUnnamed();
        boolean isStatic = element.getModifiers().contains(Modifier.STATIC);
        if (!Reach.isHarmless(inJdk, inPackage.getQualifiedName().toString(), name, member, isStatic)) {
            found = member.isEmpty() || member.equals("<init>") ? name : name + "." + member;
        }
    }
}
